import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

/// A file and its record are one transaction, whatever the file says.
@Suite struct MigratorTransactionTests {
    @Test(arguments: [
        "CREATE TABLE connvo.a (id integer); COMMIT; SELECT nonsense;",
        "CREATE TABLE connvo.a (id integer); COMMIT; BEGIN; SELECT nonsense;",
        "CREATE TABLE connvo.a (id integer);\nROLLBACK;",
        "CREATE TABLE connvo.a (id integer); /* the end */ end ;",
        "BEGIN; CREATE TABLE connvo.a (id integer); COMMIT;",
        "-- connvo: no-transaction\nBEGIN",
    ])
    func `a file that ends its transaction is refused before any file runs`(text: String) async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let migrator = Migrator(
                try .scratch([("0001_good.sql", "CREATE TABLE connvo.good (id integer);"), ("0002_bad.sql", text)])
            )

            for _ in 1...2 {
                let failure = #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }
                #expect(failure?.description.hasPrefix("0002_bad.sql") == true, "\(failure?.description ?? "")")
            }

            #expect(try database.scalar("SELECT to_regclass('connvo.a') IS NULL") == "true")
            #expect(try database.scalar("SELECT to_regclass('connvo.good') IS NULL") == "true")
            #expect(try migrator.status(on: &connection).pending.map(\.version) == [1, 2])
        }
    }

    @Test func `a file with a NUL byte is refused, not cut there`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            #expect(throws: MigrationFailure.self) {
                let text = "CREATE TABLE connvo.a (id integer);\0CREATE TABLE connvo.b (id integer);"
                _ = try Migrator(.scratch([("0001_a.sql", text)])).up(on: &connection)
            }

            #expect(try database.scalar("SELECT to_regclass('connvo.a') IS NULL") == "true")
        }
    }

    /// Runs a file as if it had not been looked at before.
    private static func run(_ text: String, on connection: inout Connection) throws -> MigrationFailure? {
        let file = ("0001_a.sql", text)
        _ = try Migrator(.scratch([("0001_a.sql", "SELECT 1;")])).up(on: &connection)
        try connection.executeScript("DELETE FROM connvo.schema_migrations", deadline: .after(.seconds(10)))
        let migrator = Migrator(try .scratch([file]))
        let session = try #require(try AdministrativeSession.begin(on: &connection))
        return #expect(throws: MigrationFailure.self) {
            let run = MigrationRun(session: session, holdsLock: true, becomesOwner: false, watchesClient: false)
            try migrator.apply(migrator.catalogue.migrations[0], in: run, on: &connection)
        }
    }

    @Test(arguments: [
        "CREATE TABLE connvo.a (id integer); COMMIT; SELECT nonsense;",
        "CREATE TABLE connvo.a (id integer); COMMIT; BEGIN; SELECT nonsense;",
        "CREATE TABLE connvo.a (id integer); COMMIT;",
        "CREATE TABLE connvo.a (id integer); COMMIT; BEGIN; SELECT 1;",
    ])
    func `a file that ended its transaction all the same is never taken for applied`(text: String) async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()

            let failure = try Self.run(text, on: &connection)

            #expect(failure?.description.contains("0001_a.sql: the file ended the transaction it ran in") == true)
            let migrator = Migrator(try .scratch([("0001_a.sql", text)]))
            let status = try migrator.status(on: &connection)
            #expect(status.summary == .drift)
            #expect(status.incomplete.map(\.version) == [1])
            #expect(throws: MigrationFailure.self) { try migrator.up(on: &connection) }
            let compatibility = try SchemaCompatibility.read(
                known: migrator.catalogue.names,
                deadline: .after(.seconds(10)),
                on: &connection
            )
            #expect(compatibility == .missing(["0001_a"]))
        }
    }

    @Test func `repair lets a file run again that ended its transaction`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Self.run("CREATE TABLE connvo.a (id integer); COMMIT; SELECT nonsense;", on: &connection)
            let migrator = Migrator(try .scratch([("0001_a.sql", "CREATE TABLE connvo.a (id integer);")]))

            let plan = try migrator.repairPlan(on: &connection)
            #expect(plan.actions.map(\.description).joined().contains("forget 0001_a.sql"))
            #expect(try migrator.repairPlan(on: &connection) == plan)
            try migrator.repair(plan, on: &connection)

            #expect(throws: MigrationFailure.repairOutdated) { try migrator.repair(plan, on: &connection) }
            try database.run("DROP TABLE connvo.a")
            #expect(try migrator.up(on: &connection).count == 1)
            #expect(try migrator.repairPlan(on: &connection).isEmpty)
        }
    }

    @Test func `repair records what an administrator has carried out`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            let text = "CREATE TABLE connvo.a (id integer); COMMIT; SELECT nonsense;"
            _ = try Self.run(text, on: &connection)
            let migrator = Migrator(try .scratch([("0001_a.sql", "CREATE TABLE connvo.a (id integer);")]))

            let plan = try migrator.repairPlan(asApplied: [1], on: &connection)
            try migrator.repair(plan, asApplied: [1], on: &connection)

            #expect(plan.actions.count == 2)
            #expect(try migrator.up(on: &connection).isEmpty)
            #expect(try migrator.status(on: &connection).isUpToDate)
            #expect(throws: MigrationFailure.notRepairable(version: 1)) {
                try migrator.repairPlan(asApplied: [1], on: &connection)
            }
        }
    }

    @Test func `repair takes over a changed text and a file that was passed over`() async throws {
        try await withDatabase(.empty) { database in
            var connection = try database.connect()
            _ = try Migrator(.numbered(3)).up(on: &connection)
            try database.run("DELETE FROM connvo.schema_migrations WHERE version = 2")
            let migrator = Migrator(
                try .scratch([
                    ("0001_one.sql", "SELECT 1;"), ("0002_two.sql", "SELECT 2;"),
                    ("0003_three.sql", "CREATE TABLE connvo.three (id integer);"),
                ])
            )
            #expect(try migrator.repairPlan(on: &connection).unexplained.map(\.version) == [2])

            let plan = try migrator.repairPlan(asApplied: [2], on: &connection)
            try migrator.repair(plan, asApplied: [2], on: &connection)

            #expect(try migrator.status(on: &connection).isUpToDate)
            #expect(
                try database.scalar("SELECT content FROM connvo.schema_migration_files WHERE version = 1")
                    == "SELECT 1;"
            )
            #expect(throws: MigrationFailure.self) { try Migrator(.numbered(2)).repairPlan(on: &connection) }
        }
    }
}
