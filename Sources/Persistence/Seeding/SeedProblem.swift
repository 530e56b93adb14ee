/// Something wrong with a seed file: `file:line:column: field: what is wrong`.
package struct SeedProblem: Hashable, Sendable, CustomStringConvertible {
    package let position: SeedPosition
    /// The column, or several; nil when the row as a whole is meant.
    package let field: String?
    package let message: String

    package init(at position: SeedPosition, field: String? = nil, _ message: String) {
        self.position = position
        self.field = field
        self.message = message
    }

    package var description: String {
        "\(position): \(field.map { "\($0): " } ?? "")\(message)"
    }
}

extension SeedProblem: Comparable {
    /// By place, then by field.
    package static func < (left: SeedProblem, right: SeedProblem) -> Bool {
        (left.position.file, left.position.line, left.position.column, left.field ?? "", left.message)
            < (right.position.file, right.position.line, right.position.column, right.field ?? "", right.message)
    }
}
