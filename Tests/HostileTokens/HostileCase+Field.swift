/// The `Authorization` header around the token (RFC 6750, section 2.1).
extension HostileCase {
    private static func text(_ fixture: HostileFixture) throws -> String {
        String(decoding: try fixture.token(), as: UTF8.self)
    }

    /// One header, in which `TOKEN` is replaced by a valid token.
    private static func field(_ template: String, _ expected: ExpectedResponse) -> HostileCase {
        HostileCase(fields: "'\(template)'", expected) { [template.replacing("TOKEN", with: try text($0))] }
    }

    static let fieldCases: [HostileCase] =
        ["", " ", "\t", "Bearer", "Bearer ", "bearer", "BEARER   "].map { field($0, .unauthenticated) }
        + ["Bearer TOKEN", "bearer TOKEN", "BEARER TOKEN", "bEaReR TOKEN", "Bearer  TOKEN", "Bearer      TOKEN"].map {
            field($0, .accepted)
        }
        + [
            "Bearer\tTOKEN", "Basic dXNlcjpwYXNz", "Basic TOKEN", "TOKEN", "BearerTOKEN", "Bearer:TOKEN",
            "Bearer=TOKEN",
            "Bearers TOKEN", "Bear TOKEN", "Token TOKEN", "JWT TOKEN", "DPoP TOKEN", "Digest username=\"x\"",
            "\"Bearer TOKEN\"", "Bearer,TOKEN", "bеarer TOKEN", "\u{212A}earer TOKEN",
        ].map { field($0, .invalid(cause: "other_scheme")) }
        + [
            field("Bearer \tTOKEN", .invalid(cause: "header_not_base64url")),
            field("Bearer Bearer TOKEN", .invalid(cause: "header_not_base64url")),
            field("Bearer \"TOKEN\"", .invalid(cause: "header_not_base64url")),
            field("Bearer <TOKEN>", .invalid(cause: "header_not_base64url")),
            field("Bearer token=TOKEN", .invalid(cause: "header_not_base64url")),
            field("Bearer TOKEN,", .invalid(cause: "signature_not_base64url")),
            field("Bearer TOKEN;", .invalid(cause: "signature_not_base64url")),
            field("Bearer TOKEN x", .invalid(cause: "signature_not_base64url")),
            field("Bearer TOKEN TOKEN", .invalid(cause: "not_three_segments")),
            field("Bearer TOKEN, Bearer TOKEN", .invalid(cause: "not_three_segments")),
            field("Bearer null", .invalid(cause: "not_three_segments")),
            field("Bearer undefined", .invalid(cause: "not_three_segments")),
            field("Bearer [object Object]", .invalid(cause: "not_three_segments")),
            field("Bearer é", .invalid(cause: "not_three_segments")),
            field("Bearer realm=\"connvo\"", .invalid(cause: "not_three_segments")),
            HostileCase(fields: "no header", .unauthenticated) { _ in [] },
            several("two, both good") { ["Bearer \($0)", "Bearer \($0)"] },
            several("two, the second empty") { ["Bearer \($0)", ""] },
            several("two, the first empty") { ["", "Bearer \($0)"] },
            several("two, the first for another scheme") { ["Basic dXNlcjpwYXNz", "Bearer \($0)"] },
            several("two, the second not a token") { ["Bearer \($0)", "Bearer x"] },
            several("two empty ones") { _ in ["", ""] },
            several("three") { ["Bearer \($0)", "Bearer \($0)", "Bearer \($0)"] },
        ]

    private static func several(_ name: String, _ values: @escaping @Sendable (String) -> [String]) -> HostileCase {
        HostileCase(fields: name, .invalid(cause: "several_authorization_headers")) { values(try text($0)) }
    }
}
