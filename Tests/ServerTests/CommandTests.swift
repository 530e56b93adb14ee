import Foundation
import JOSE
import TestSupport
import Testing

/// The commands other than `serve`: their output and their exit codes.
@Suite struct CommandTests {
    private static let away = ["DATABASE_URL": "postgresql:///connvo?host=/nonexistent"]

    @Test func `migrate brings an empty database up to date, once`() async throws {
        try await withDatabase(.empty) { database in
            let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
            #expect(try await Binary.run("migrate", "status", "--exit-code", settings: settings).status == 2)
            #expect(try await Binary.run("migrate", "status", settings: settings).status == 0)
            let first = try await Binary.run("migrate", settings: settings)
            #expect(first.status == 0)
            #expect(first.output.contains("0001_people.sql"))
            let second = try await Binary.run("migrate", "up", settings: settings)
            #expect(second.status == 0)
            #expect(second.output.isEmpty)
            #expect(try await Binary.run("migrate", "status", "--exit-code", settings: settings).status == 0)
        }
    }

    @Test func `migrate distinguishes drift from a newer database`() async throws {
        try await withDatabase(.empty) { database in
            let settings = ["DATABASE_URL": "postgresql:///\(database.name)"]
            #expect(try await Binary.run("migrate", settings: settings).status == 0)
            try await onOwnThread {
                try database.run(
                    """
                    CREATE TABLE kept AS SELECT * FROM connvo.schema_migrations WHERE version = 1;
                    UPDATE connvo.schema_migrations SET checksum = sha256('x') WHERE version = 1;
                    """
                )
            }
            #expect(try await Binary.run("migrate", "status", "--exit-code", settings: settings).status == 3)
            #expect(try await Binary.run("migrate", settings: settings).status == 3)
            try await onOwnThread {
                try database.run(
                    """
                    UPDATE connvo.schema_migrations SET checksum = (SELECT checksum FROM kept) WHERE version = 1;
                    CREATE TEMPORARY TABLE newer AS SELECT * FROM connvo.schema_migrations WHERE version = 1;
                    UPDATE newer SET version = 9999, name = 'future';
                    INSERT INTO connvo.schema_migrations SELECT * FROM newer;
                    """
                )
            }
            #expect(try await Binary.run("migrate", "status", "--exit-code", settings: settings).status == 4)
        }
    }

    @Test func `an unreachable database gives exit code 69`() async throws {
        #expect(try await Binary.run("migrate", settings: Self.away).status == 69)
        let secret = String(repeating: "s", count: 32)
        let token = try StreamTokenSigner(secret: Array(secret.utf8)).sign(
            userID: "u",
            role: "host",
            callCID: "default:c",
            jti: "01a205f0-2db1-73b9-a59c-5c765d37eb7d",
            issuedAt: 1,
            expiresAt: 2
        )
        let settings = Self.away.merging(["STREAM_API_SECRET": secret]) { $1 }
        let inspected = try await Binary.run(
            "token",
            "inspect",
            "-",
            settings: settings,
            input: String(decoding: token, as: UTF8.self)
        )
        #expect(inspected.status == 69)
    }

    @Test func `a development key is made once, and its tokens are accepted`() async throws {
        try await ServerFixture.with { fixture in
            let folder = fixture.server.folder
            let paths = ["--key", folder.file("key.pem"), "--jwks", folder.file("made.json")]
            #expect(try await Binary.run(["token", "development-key"] + paths).status == 0)
            let key = folder.text("key.pem")
            #expect(key.contains("PRIVATE KEY"))
            let mode =
                try FileManager.default.attributesOfItem(atPath: folder.file("key.pem"))[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(try await Binary.run(["token", "development-key"] + paths).status == 0)
            #expect(folder.text("key.pem") == key)

            try folder.write(Array(folder.text("made.json").utf8), to: RunningServer.keySetFile)
            let settings = ["DEVELOPMENT_KEY_FILE": folder.file("key.pem")]
            let issued = try await Binary.run("token", "issue-bearer", "--user", SeedData.host, settings: settings)
            #expect(issued.status == 0)
            let token = issued.output.trimmingCharacters(in: .newlines)
            #expect(token.split(separator: ".").count == 3)
            try await eventually { try await fixture.send(.call(token)).status == 200 }
        }
    }

    @Test func `a bearer token needs a key, a user and a limited lifetime`() async throws {
        let pem = String(decoding: try Tokens.key.get().pem(), as: UTF8.self)
        let settings = ["DEVELOPMENT_KEY_FILE": "key.pem"]
        #expect(try await Binary.run("token", "issue-bearer", "--user", "u").status == 78)
        #expect(try await Binary.run("token", "issue-bearer", "--user", "u", settings: settings).status == 78)
        #expect(
            try await Binary.run("token", "issue-bearer", "--user", "u", settings: settings, files: ["key.pem": "x"])
                .status == 78
        )
        let files = ["key.pem": pem]
        #expect(try await Binary.run("token", "issue-bearer", settings: settings, files: files).status == 64)
        for lifetime in ["0", "86401", "x"] {
            let result = try await Binary.run(
                "token",
                "issue-bearer",
                "--user",
                "u",
                "--lifetime",
                lifetime,
                settings: settings,
                files: files
            )
            #expect(result.status == 64)
        }
        let bad = try await Binary.run("token", "issue-bearer", "--user", "a b", settings: settings, files: files)
        #expect(bad.status != 0)
        #expect(bad.output.isEmpty)
        #expect(!bad.errors.contains("PRIVATE"))
    }

    @Test func `inspect finds the database row of a token`() async throws {
        try await ServerFixture.with { fixture in
            let token = try await fixture.call().decode(SuccessBody.self).value.token
            let settings = [
                "DATABASE_URL": "postgresql:///\(fixture.database.name)", "STREAM_API_SECRET": fixture.secret,
            ]
            func inspect(_ token: String, _ flags: String...) async throws -> Binary.Result {
                try await Binary.run(["token", "inspect", "-"] + flags, settings: settings, input: token + "\n")
            }
            let text = try await inspect(token)
            #expect(text.status == 0)
            #expect(text.output.contains("agrees") && text.output.contains(SeedData.meeting))
            let json = try await inspect(token, "--json")
            #expect(json.status == 0)
            let fields = try JSONDecoder().decode([String: String].self, from: Data(json.output.utf8))
            #expect(fields["user_id"] == SeedData.host)
            #expect(fields["record"] == "found")
            #expect(fields["sha256"] == "agrees")
            #expect(fields["call_cids"] == "default:call_meeting_123example")

            // Signed with the same secret, but without a row.
            let unrecorded = try StreamTokenSigner(secret: Array(fixture.secret.utf8)).sign(
                userID: SeedData.host,
                role: "host",
                callCID: "default:c",
                jti: "01a205f0-2db1-73b9-a59c-5c765d37eb7d",
                issuedAt: Tokens.now,
                expiresAt: Tokens.now + 60
            )
            let unknown = try await inspect(String(decoding: unrecorded, as: UTF8.self))
            #expect(unknown.status == 1)
            #expect(unknown.output.contains("missing"))
            // Not signed with the secret.
            for foreign in [String(token.dropLast(2)) + "AA", "x", "", "a.b.c"] {
                let refused = try await inspect(foreign)
                #expect(refused.status == 65)
                #expect(refused.output.isEmpty)
            }
            for result in [text, json, unknown] {
                #expect(!(result.output + result.errors).contains(token))
                #expect(!(result.output + result.errors).contains(fixture.secret))
            }
        }
    }
}
