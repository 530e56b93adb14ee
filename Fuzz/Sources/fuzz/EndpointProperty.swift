@testable internal import ConvexAPI
@testable internal import Domain
@testable internal import JSON

/// An endpoint parses a body into arguments within their limits, or describes its fault in a text of bounded length.
struct EndpointProperty: Sendable {
    let read: @Sendable (JSONValue) throws(BodyFault) -> FunctionArguments
    /// Writes a body as the clients of the endpoint do.
    let write: @Sendable (_ arguments: String) -> String

    static let run = EndpointProperty(read: RunEndpoint.arguments) { #"{"args":\#($0)}"# }

    static let action = EndpointProperty(read: ActionEndpoint.arguments) {
        #"{"path":"\#(ActionEndpoint.function)","format":"convex_encoded_json","args":[\#($0)]}"#
    }

    func check(_ input: [UInt8]) {
        let arguments: FunctionArguments
        do throws(BodyFault) {
            arguments = try read(RequestBody.root(of: input))
        } catch {
            return judge(error, of: input)
        }
        hold(1...64 ~= arguments.meetingID.rawValue.utf8.count, "a meeting id has 1 to 64 characters")
        let role = arguments.role.map { #","role":"\#($0.rawValue)""# } ?? ""
        let written = write(#"{"meetingId":"\#(arguments.meetingID)"\#(role)}"#)
        let again = try? read(RequestBody.root(of: Array(written.utf8)))
        hold(again == arguments, "a body that was written again has the same arguments")
    }

    private func judge(_ fault: BodyFault, of input: [UInt8]) {
        let isJSON = (try? JSONDocument(parsing: input)) != nil
        switch fault {
        case .malformed(let message):
            hold(message.utf8.count <= 200, "a message does not grow with the body")
            hold(message.utf8.allSatisfy { 0x20..<0x7F ~= $0 }, "a message is plain text")
        case .noFunction(let name):
            hold(isJSON, "the function is looked up after the JSON is parsed (docs/errors.md, row 5)")
            hold(!name.utf8.elementsEqual("\(ActionEndpoint.function)".utf8), "the existing function is found")
        case .argument(let field, let message):
            hold(isJSON, "arguments (docs/errors.md, row 6) are checked after the JSON (row 5)")
            hold(field.unicodeScalars.count <= 64, "the name of an argument is cut")
            hold(message.utf8.count <= 200, "a message does not grow with the body")
        }
    }
}
