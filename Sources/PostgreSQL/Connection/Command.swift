/// A statement with the values of its parameters.
package struct Command: Sendable {
    package let statement: Statement
    package let parameters: Parameters

    package init(_ statement: Statement, _ parameters: Parameters = Parameters()) {
        self.statement = statement
        self.parameters = parameters
    }
}
