package import Domain
internal import JSON

/// What the function is called with, at either endpoint.
package struct FunctionArguments: Equatable {
    package let meetingID: Meeting.ID
    package let role: Role?

    /// Reads the object that clients call `args`.
    ///
    /// - Throws: ``BodyFault/argument(field:message:)``: the first fault in the order `meetingId`, `role`, unknown keys.
    init(_ object: JSONValue) throws(BodyFault) {
        guard let meetingID = object["meetingId"]?.string.flatMap({ Meeting.ID(validating: $0) }) else {
            throw .argument(
                field: "meetingId",
                message: "meetingId is required: 1 to 64 letters, digits, hyphens or underscores"
            )
        }
        var role: Role?
        if let value = object["role"] {
            guard let name = value.string else {
                throw .argument(field: "role", message: "role must be a string")
            }
            guard let known = Role(rawValue: name) else {
                throw .argument(field: "role", message: "role must be one of \(Self.roleNames)")
            }
            role = known
        }
        for member in object.members where member.key != "meetingId" && member.key != "role" {
            // Scalars, because one Character may be as long as the body.
            let field = String(String.UnicodeScalarView(member.key.unicodeScalars.prefix(64)))
            throw .argument(field: field, message: "args takes meetingId and role only")
        }
        self.meetingID = meetingID
        self.role = role
    }

    private static let roleNames = Role.allCases.reversed().map(\.rawValue).joined(separator: ", ")
}
