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
        var meeting: JSONValue?
        var requestedRole: JSONValue?
        var unknown: String?
        for (key, _, value) in object.members {
            switch key {
            case "meetingId": meeting = value
            case "role": requestedRole = value
            default: unknown = unknown ?? key
            }
        }
        guard let meetingID = meeting?.string.flatMap({ Meeting.ID(validating: $0) }) else {
            throw .argument(
                field: "meetingId",
                message: "meetingId is required: 1 to 64 letters, digits, hyphens or underscores"
            )
        }
        var role: Role?
        if let value = requestedRole {
            guard let name = value.string else {
                throw .argument(field: "role", message: "role must be a string")
            }
            guard let known = Role(rawValue: name) else {
                throw .argument(field: "role", message: "role must be one of \(Self.roleNames)")
            }
            role = known
        }
        if let unknown {
            // Scalars, because one Character may be as long as the body.
            let field = String(String.UnicodeScalarView(unknown.unicodeScalars.prefix(64)))
            throw .argument(field: field, message: "args takes meetingId and role only")
        }
        self.meetingID = meetingID
        self.role = role
    }

    private static let roleNames = Role.allCases.reversed().map(\.rawValue).joined(separator: ", ")
}
