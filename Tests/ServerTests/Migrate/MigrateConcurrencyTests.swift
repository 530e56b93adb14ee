import Foundation
import TestSupport
import Testing

/// Several `migrate` processes at one database, and what is left when one is killed.
@Suite struct MigrateConcurrencyTests {
    @Test func `of eight at once one is killed half-way, the others finish, and a rerun has nothing to do`()
        async throws
    {
        try await withDatabase(.empty) { database in
            var files: [String: String] = [:]
            for number in 1...12 {
                files[String(format: "%04d_t%02d.sql", number, number)] =
                    "CREATE TABLE connvo.t\(number) (id integer);\n"
            }
            files["0006_t06.sql"] = "CREATE TABLE connvo.t6 (id integer);\n\(Migrations.waitAtGate)\n"
            let migrations = try Migrations(database, files)
            try await migrations.sql("CREATE TABLE public.gate (open boolean)")

            let running = try (0..<8).map { _ in try migrations.start("up") }
            // One stands in the middle of 0006, with half of it done; seven wait for it.
            try await eventually { running.contains { $0.output.contains("0005_t05.sql") } }
            let worker = try #require(running.firstIndex { $0.output.contains("0001_t01.sql") })
            try await eventually {
                try await migrations.scalar(
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%t6%gate%' AND pid <> pg_backend_pid()"
                ) == "1"
            }
            running[worker].process.kill()
            // The server hears of the death by itself.
            try await eventually {
                try await migrations.scalar(
                    "SELECT count(*) FROM connvo.schema_migrations WHERE version > 5"
                ) == "0"
                    && running.enumerated().contains { $0.offset != worker && !$0.element.errors.isEmpty }
            }
            try await migrations.sql("INSERT INTO public.gate VALUES (true)")

            for (index, one) in running.enumerated() where index != worker {
                let status = try await onOwnThread { one.process.exitStatus(within: .seconds(60)) }
                #expect(status == 0, "\(one.errors)")
            }
            #expect(running[worker].output.contains("0005_t05.sql"))
            #expect(!running[worker].output.contains("0006_t06.sql"))
            #expect(
                try await migrations.scalar(
                    "SELECT string_agg(version::text, ' ' ORDER BY version) FROM connvo.schema_migrations"
                )
                    == "1 2 3 4 5 6 7 8 9 10 11 12"
            )
            // Each file was applied by one process.
            let outputs = running.map(\.output).joined()
            for name in files.keys { #expect(outputs.components(separatedBy: name).count == 2, "\(name)") }
            let rerun = try await migrations.run("up")
            #expect(rerun.status == 0)
            #expect(rerun.output.isEmpty)
        }
    }

    private static let index = [
        "0001_things.sql": "CREATE TABLE connvo.things AS SELECT generate_series(1, 1000) AS id;\n",
        "0002_things_idx.sql":
            "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY things_idx ON connvo.things (id);\n",
    ]
    private static let isBuilding =
        "SELECT count(*) FROM pg_stat_progress_create_index WHERE relid = to_regclass('connvo.things')"
    private static let validity = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('connvo.things_idx')"

    @Test func `a second migrate waits while an index is built concurrently, without a deadlock`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, Self.index)
            #expect(try await migrations.run("up", "--to", "1").status == 0)
            // Building waits for sessions that are writing.
            let writer = try await TableLock(on: database, "connvo.things IN ROW EXCLUSIVE MODE")
            let first = try migrations.start("up")
            try await eventually { try await migrations.scalar(Self.isBuilding) == "1" }
            let second = try migrations.start("up")
            try await eventually { second.errors.contains("Waiting for another migrator: pid ") }
            #expect(second.errors.contains("\"connvo-server/migrate\", since "))
            // Twice the time after which PostgreSQL looks for deadlocks.
            try await Task.sleep(for: .seconds(2))
            #expect(first.process.isRunning)
            #expect(second.process.isRunning)
            try await writer.release()

            for one in [first, second] {
                #expect(try await onOwnThread { one.process.exitStatus(within: .seconds(60)) } == 0, "\(one.errors)")
            }
            #expect(first.output.contains("0002_things_idx.sql"))
            #expect(second.output.isEmpty)
            #expect(try await migrations.scalar(Self.validity) == "true")
        }
    }

    @Test func `an index whose builder was killed is dropped and built again`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(database, Self.index)
            #expect(try await migrations.run("up", "--to", "1").status == 0)
            let writer = try await TableLock(on: database, "connvo.things IN ROW EXCLUSIVE MODE")
            let first = try migrations.start("up")
            try await eventually { try await migrations.scalar(Self.validity) == "false" }
            first.process.kill()
            // The server hears of the death by itself, while what it waits for is still there.
            try await eventually { try await migrations.scalar(Self.isBuilding) == "0" }
            try await writer.release()
            let check = try await migrations.run("check")
            #expect(check.status == 2)
            #expect(check.errors.contains("INVALID index connvo.things_idx on connvo.things"))

            let second = try await migrations.run("up")

            #expect(second.status == 0, "\(second.errors)")
            #expect(second.errors.contains("dropping the INVALID index connvo.things_idx"))
            #expect(second.output.contains("0002_things_idx.sql"))
            #expect(try await migrations.scalar(Self.validity) == "true")
            #expect(try await migrations.run("check").status == 0)
        }
    }

    @Test func `a lock that another session holds is asked for again, until it is free`() async throws {
        try await withDatabase(.empty) { database in
            let migrations = try Migrations(
                database,
                [
                    "0001_one.sql": "CREATE TABLE connvo.one (id integer);\n",
                    "0002_two.sql":
                        "CREATE TABLE connvo.two (id integer); ALTER TABLE connvo.one ADD COLUMN word text;\n",
                ]
            )
            #expect(try await migrations.run("up", "--to", "1").status == 0)
            let holder = try await TableLock(on: database, "connvo.one IN ACCESS SHARE MODE")
            let failing = try await migrations.run("up", "--lock-timeout", "2s", "--attempts", "2")
            #expect(failing.status == 1)
            #expect(failing.errors.contains("0002_two.sql: attempt 1 of 2 got no lock within 2s and was rolled back"))
            #expect(failing.errors.contains("locked by pid "))
            #expect(failing.errors.contains("on connvo.one"))
            #expect(failing.errors.contains("Nothing of it was applied, in 2 attempts"))
            #expect(try await migrations.tables() == "one")

            let waiting = try migrations.start("up", "--lock-timeout", "50ms", "--attempts", "1000")
            try await eventually { waiting.errors.contains("attempt 2 of 1000") }
            try await holder.release()

            #expect(
                try await onOwnThread { waiting.process.exitStatus(within: .seconds(60)) } == 0,
                "\(waiting.errors)"
            )
            #expect(try await migrations.tables() == "one two")
        }
    }
}
