import Foundation
import TestSupport
import Testing

/// What `migrate verify` and `migrate adopt` print, and their exit codes.
@Suite struct MigrateVerifyTests {
    private static func migrate(_ words: String..., in database: TestDatabase) async throws -> Binary.Result {
        try await Binary.run(
            ["migrate"] + words,
            settings: ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"]
        )
    }

    private static func run(_ sql: String, in database: TestDatabase) async throws {
        try await onOwnThread { try database.run(sql) }
    }

    @Test func `a migrated database has no differences, and check agrees`() async throws {
        try await withDatabase(.empty) { database in
            #expect(try await Self.migrate("verify", in: database).status == 2)
            #expect(try await Self.migrate("up", in: database).status == 0)

            let verified = try await Self.migrate("verify", in: database)
            #expect(verified.status == 0, "\(verified.output)\(verified.errors)")
            #expect(verified.output.isEmpty)
            #expect(try await Self.migrate("check", in: database).status == 0)
        }
    }

    @Test func `differences are printed, as text and as JSON, and check fails`() async throws {
        try await withDatabase(.empty) { database in
            #expect(try await Self.migrate("up", in: database).status == 0)
            try await Self.run(
                """
                ALTER TABLE ONLY connvo.issued_tokens DISABLE TRIGGER issued_tokens_append_only;
                DROP VIEW reporting.live_tokens_v1;
                CREATE INDEX added ON connvo.users (created_at);
                """,
                in: database
            )

            let text = try await Self.migrate("verify", in: database)
            #expect(text.status == 3)
            #expect(
                text.output == """
                    extra: index connvo.added on connvo.users
                    altered: trigger issued_tokens_append_only on connvo.issued_tokens
                      expected: BEFORE DELETE OR UPDATE FOR EACH ROW EXECUTE FUNCTION \
                    connvo.refuse_record_change(), enabled always
                      found:    BEFORE DELETE OR UPDATE FOR EACH ROW EXECUTE FUNCTION \
                    connvo.refuse_record_change(), disabled
                    missing: view reporting.live_tokens_v1

                    """
            )
            #expect(text.errors.contains("3 differences from what the migrations up to 00"))

            let json = try await Self.migrate("verify", "--json", in: database)
            #expect(json.status == 3)
            let object = try #require(JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            let differences = try #require(object["differences"] as? [[String: Any]])
            #expect(differences.map { $0["kind"] as? String } == ["extra", "altered", "missing"])
            for difference in differences {
                #expect(Set(difference.keys) == ["kind", "object", "partition", "expected", "found"])
            }

            let check = try await Self.migrate("check", in: database)
            #expect(check.status == 3)
            #expect(check.errors.contains("missing: view reporting.live_tokens_v1"))
        }
    }

    @Test func `without a fingerprint there is nothing to verify, and check does without`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, ["0001_one.sql": "CREATE TABLE connvo.one (id integer);\n"])
            #expect(try await migrations.run("up").status == 0)

            let verified = try await migrations.run("verify")
            #expect(verified.status == 1)
            #expect(verified.errors.contains("fingerprint.txt"))
            #expect(try await migrations.run("check").status == 0)

            let lines = try await migrations.run("verify", "--print")
            #expect(lines.status == 0)
            #expect(lines.output.contains("column connvo.one.id\tinteger\n"))
        }
    }

    @Test func `a database without the record is adopted only with a confirmation`() async throws {
        try await withDatabase(.empty) { database in
            #expect(try await Self.migrate("up", in: database).status == 0)
            #expect(try await Self.migrate("adopt", "--yes", in: database).status == 1)
            try await Self.run(
                "DROP TABLE connvo.schema_migrations, connvo.schema_migration_files, connvo.schema_migration_state",
                in: database
            )

            #expect(try await Self.migrate("adopt", in: database).status != 0)
            #expect(try await Self.migrate("check", in: database).status == 2)
            let adopted = try await Self.migrate("adopt", "--yes", in: database)
            #expect(adopted.status == 0, "\(adopted.errors)")
            #expect(adopted.output.hasPrefix("record 0001_people.sql to "))
            #expect(try await Self.migrate("up", in: database).status == 0)
            #expect(try await Self.migrate("check", in: database).status == 0)
        }
    }
}
