import JOSE
import TestSupport
import Testing

@testable import connvo_server

/// What a reload finds changed, from two readings of settings.
@Suite struct SettingSnapshotTests {
    private static let secret = "a-secret-of-the-tests-0123456789abcdef"
    private static let base = [
        "STREAM_API_SECRET": secret, "WORKOS_JWKS_URL": "file:///nonexistent/jwks.json",
        "ALLOW_DEVELOPMENT_TOKENS": "true",
    ]

    private static func snapshot(_ settings: [String: String] = [:], _ file: String? = nil) throws -> SettingSnapshot {
        var reader = try SettingsReader(
            flags: [:],
            environment: base.merging(settings) { $1 },
            readingFrom: file
        )
        let configuration = try ServerConfiguration(&reader)
        return SettingSnapshot(reader, configuration)
    }

    @Test func `what is the same is no change, wherever it was given`() throws {
        let folder = try Folder()
        try folder.write(Array("\(Self.secret)\r\n".utf8), to: "secret")
        let inFile = ["STREAM_API_SECRET": "", "STREAM_API_SECRET_FILE": folder.file("secret")]
        let differences = try Self.snapshot().differences(to: Self.snapshot(inFile))
        #expect(differences.reloadable.isEmpty && differences.forRestart.isEmpty)
    }

    @Test func `every setting is told apart by when a new value takes effect`() throws {
        let new = try Self.snapshot([
            "DATABASE_URL": "postgresql:///other", "HTTP_PORT": "9000", "TOKENS_PER_MINUTE": "5",
            "RECORD_RETENTION_MONTHS": "13", "STREAM_API_SECRET_PREVIOUS": String(repeating: "p", count: 32),
        ])
        let differences = try Self.snapshot().differences(to: new)
        #expect(
            differences.reloadable.map(\.setting) == [.databaseURL, .streamAPISecretPrevious, .tokensPerMinute]
        )
        #expect(differences.forRestart == [.httpPort])
        for change in differences.reloadable { #expect(!"\(change)".contains("ppp") && !"\(change)".contains("other")) }
        // What was taken is the base of the next reload, and what was not is named again.
        let next = try Self.snapshot().taking(differences.reloadable, from: new)
        #expect(next.differences(to: new).reloadable.isEmpty)
        #expect(next.differences(to: new).forRestart == [.httpPort])
        #expect(next.differences(to: try Self.snapshot()).reloadable.count == 3)
    }

    @Test func `a password in a value is not shown`() throws {
        let new = try Self.snapshot(["TRUSTED_PROXIES": "10.0.0.0/8"])
        let changes = try Self.snapshot().differences(to: new).reloadable
        #expect(changes.map(\.description) == [#"TRUSTED_PROXIES: none -> "10.0.0.0/8""#])
    }

    @Test func `the previous secret may be an empty file, the same secret, and not a short one`() throws {
        let folder = try Folder()
        let file = ["STREAM_API_SECRET_PREVIOUS_FILE": folder.file("previous")]
        func previous() throws -> StreamTokenVerifier? {
            var reader = try SettingsReader(
                flags: [:],
                environment: Self.base.merging(file) { $1 },
                readingFrom: nil
            )
            let secrets = StreamSecrets(&reader)
            try reader.throwIfWrong()
            return try #require(secrets).previous
        }
        try folder.write([], to: "previous")
        #expect(try previous() == nil)
        try folder.write(Array("\n".utf8), to: "previous")
        #expect(try previous() == nil)
        try folder.write(Array(Self.secret.utf8), to: "previous")
        #expect(try previous() == nil)
        try folder.write(Array("\(Self.secret)-before".utf8), to: "previous")
        #expect(try previous() != nil)
        try folder.write(Array("short".utf8), to: "previous")
        #expect(throws: ConfigurationFailure.self) { try previous() }
        try folder.remove("previous")
        #expect(throws: ConfigurationFailure.self) { try previous() }
    }
}
