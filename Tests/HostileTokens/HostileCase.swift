/// One row of the table: credentials and their expected outcome.
package struct HostileCase: Sendable, CustomStringConvertible {
    package enum Area: String, Sendable, CaseIterable {
        case structure, header, signature, claims, keySet, time, field
    }

    package enum Credentials: Sendable {
        /// The text after `Bearer `.
        case token([UInt8])
        /// The values of all `Authorization` headers.
        case fields([String])
    }

    /// How HTTP changes the credentials in transit.
    package enum Wire: Sendable {
        /// They arrive unchanged.
        case same
        /// They arrive changed, and the changed form has this outcome.
        case changed(ExpectedResponse)
        /// No HTTP message can carry them.
        case impossible
        /// Not sent: they need a clock, a policy or a key set that the running server does not have.
        case absent
    }

    package let area: Area
    package let name: String
    package let expected: ExpectedResponse
    package let wire: Wire
    /// The conditions under which ``credentials`` are verified.
    package let circumstances: @Sendable (HostileFixture) throws -> Circumstances
    package let credentials: @Sendable (HostileFixture) throws -> Credentials

    package var description: String { "\(area.rawValue): \(name)" }

    init(
        _ area: Area,
        _ name: String,
        _ expected: ExpectedResponse,
        wire: Wire = .same,
        _ token: @escaping @Sendable (HostileFixture) throws -> [UInt8]
    ) {
        self.area = area
        self.name = name
        self.expected = expected
        self.wire = wire
        circumstances = { _ in Circumstances() }
        credentials = { .token(try token($0)) }
    }

    /// A case under other conditions than the running server's, so it is not sent over HTTP.
    init(
        _ area: Area,
        _ name: String,
        _ expected: ExpectedResponse,
        in circumstances: @escaping @Sendable (HostileFixture) throws -> Circumstances,
        _ token: @escaping @Sendable (HostileFixture) throws -> [UInt8]
    ) {
        self.area = area
        self.name = name
        self.expected = expected
        wire = .absent
        self.circumstances = circumstances
        credentials = { .token(try token($0)) }
    }

    init(
        fields name: String,
        _ expected: ExpectedResponse,
        _ values: @escaping @Sendable (HostileFixture) throws -> [String]
    ) {
        area = .field
        self.name = name
        self.expected = expected
        wire = .same
        circumstances = { _ in Circumstances() }
        credentials = { .fields(try values($0)) }
    }

    /// The name of a case that is identified by its text.
    static func label(_ text: String) -> String {
        text.utf8.count > 100 ? "\(text.prefix(80))… (\(text.utf8.count) bytes)" : text
    }

    /// The whole table.
    package static let all: [HostileCase] =
        fieldCases + structureCases + headerCases + signatureCases + claimCases + keySetCases + timeCases
}
