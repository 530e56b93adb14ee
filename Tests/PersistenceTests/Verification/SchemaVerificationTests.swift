import Foundation
import Persistence
import PostgreSQL
import TestSupport
import Testing

/// Whether `migrate verify` sees what was altered by hand, and only that.
@Suite struct SchemaVerificationTests {
    private static func differences(on connection: inout Connection) throws -> [SchemaDifference] {
        let migrator = Migrator(try .embedded(sha256: testChecksum))
        return try #require(try migrator.verify(on: &connection)).differences
    }

    private static func differences(in database: TestDatabase) throws -> [SchemaDifference] {
        var connection = try database.connect()
        return try differences(on: &connection)
    }

    @Test func `the fingerprint is that of the migrations, at every level`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let catalogue = try MigrationCatalogue.embedded(sha256: testChecksum)
            for level in 1...catalogue.latestVersion {
                _ = try Migrator(catalogue).up(to: level, on: &connection)
                let verification = try #require(try Migrator(catalogue).verify(on: &connection))
                #expect(verification.level == level)
                #expect(
                    verification.differences.isEmpty,
                    "run scripts/schema, and commit sql/fingerprint.txt: \(verification.differences)"
                )
            }
        }
    }

    @Test func `each alteration is named`() async throws {
        try await withDatabase { database in
            let alterations = try Alteration.chosen + Alteration.generated(for: database)
            #expect(alterations.count >= 80)
            var connection = try database.connect()
            for alteration in alterations {
                // The settings that reading states end with the transaction.
                try connection.executeScript("BEGIN; \(alteration.sql)", deadline: .after(.seconds(30)))
                let found = try Self.differences(on: &connection)
                try connection.executeScript("ROLLBACK", deadline: .after(.seconds(30)))
                #expect(
                    found.contains { "\($0)".split(separator: "\n").first.map(String.init) == alteration.line },
                    "\(alteration.sql): \(found.map { "\($0)" })"
                )
            }
            #expect(try Self.differences(in: database).isEmpty)
        }
    }

    @Test func `what administrators may do is no difference`() async throws {
        try await withDatabase { database in
            let login = "\(database.name)_login"
            try database.run("CREATE ROLE \(login)")
            defer { try? TestServer.run("DROP ROLE \(login)") }
            try database.run(
                """
                GRANT USAGE ON SCHEMA connvo TO \(login);
                GRANT SELECT ON ALL TABLES IN SCHEMA connvo TO \(login);
                GRANT SELECT (id) ON connvo.users TO \(login);
                CREATE EXTENSION pgcrypto;
                ALTER TABLE connvo.users SET (autovacuum_vacuum_scale_factor = 0.1);
                COMMENT ON TABLE connvo.users IS 'ours';
                CREATE TABLE public.own (id integer);
                ALTER TABLE connvo.issued_tokens DETACH PARTITION connvo.issued_tokens_\(try Self.month(in: database));
                SET ROLE connvo_owner;
                SELECT connvo.create_partition('token_refusals', '2020-01-01');
                """
            )

            let found = try Self.differences(in: database)

            try database.run("DROP OWNED BY \(login)")
            #expect(found.isEmpty, "\(found.map { "\($0)" })")
        }
    }

    private static func month(in database: TestDatabase) throws -> String {
        try #require(try database.scalar("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')"))
    }

    @Test func `settings of the database are no difference`() async throws {
        try await withDatabase { database in
            for setting in [
                "search_path = connvo", "quote_all_identifiers = on", "TimeZone = 'Asia/Kathmandu'",
                "IntervalStyle = iso_8601", "DateStyle = 'German'", "client_encoding = LATIN1",
            ] {
                try database.run("ALTER DATABASE \(database.name) SET \(setting)")
            }

            #expect(try Self.differences(in: database).isEmpty)
        }
    }

    @Test func `a database that was dumped and restored is the same`() async throws {
        try await withDatabase { source in
            let target = try TestDatabase.restored(from: source, dump: "")
            defer { target.drop() }

            let found = try Self.differences(in: target)

            #expect(found.isEmpty, "\(found.map { "\($0)" })")
        }
    }

    @Test func `what a dump of the schemas alone loses is named`() async throws {
        try await withDatabase { source in
            let target = try TestDatabase.restored(from: source, dump: "--schema=connvo --schema=reporting")
            defer { target.drop() }

            let found = try Self.differences(in: target).map { "\($0)" }

            #expect(found.contains("missing: extension btree_gist"))
            let lost = found.count { $0.hasPrefix("missing: constraint ") && $0.contains("_periods_disjoint ") }
            #expect(lost == 2, "\(found)")
        }
    }

    @Test func `nothing is compared where nothing is applied or no fingerprint is known`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            #expect(try Migrator(.embedded(sha256: testChecksum)).verify(on: &connection) == nil)
            let catalogue = try MigrationCatalogue.numbered(1)
            _ = try Migrator(catalogue).up(on: &connection)
            #expect(try Migrator(catalogue).verify(on: &connection) == nil)
        }
    }
}
