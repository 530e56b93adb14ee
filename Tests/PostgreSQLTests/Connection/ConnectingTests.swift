import Glibc
import TestSupport
import Testing

@testable import PostgreSQL

@Suite struct ConnectingTests {
    private static func target(_ conninfo: String) throws -> ConnectionTarget {
        try ConnectionTarget(conninfo, applicationName: "connvo-tests")
    }

    @Test func `connecting to a port without a listener fails at once`() async throws {
        let nobody = try SilentListener(listens: false)
        let target = try Self.target("host=127.0.0.1 port=\(nobody.port) user=test dbname=test")

        let (error, took) = try await onOwnThread {
            let start = ContinuousClock.now
            return (databaseError { _ = try Connection.open(target, deadline: .soon) }, ContinuousClock.now - start)
        }

        #expect(error?.kind == .connect)
        #expect(took < .seconds(5))
    }

    @Test func `connecting to a socket that does not exist fails`() async throws {
        let target = try Self.target("host=/nonexistent user=test dbname=test")

        let error = try await onOwnThread { databaseError { _ = try Connection.open(target, deadline: .soon) } }

        #expect(error?.kind == .connect)
        #expect(error?.message.contains("\n") == false)
    }

    @Test func `a server that accepts the connection and sends nothing times out`() async throws {
        let silent = try SilentListener()
        let target = try Self.target("host=127.0.0.1 port=\(silent.port) user=test dbname=test")

        let (error, took) = try await onOwnThread {
            let start = ContinuousClock.now
            let error = databaseError { _ = try Connection.open(target, deadline: .after(.milliseconds(300))) }
            return (error, ContinuousClock.now - start)
        }

        #expect(error?.kind == .timedOut)
        #expect(took >= .milliseconds(300))
        #expect(took < .seconds(5))
        withExtendedLifetime(silent) {}
    }

    @Test func `connecting to a database that does not exist fails with the reason`() async throws {
        let error = try await onOwnThread {
            databaseError { _ = try TestServer.connect(to: "connvo_no_such_database") }
        }

        #expect(error?.kind == .connect)
        #expect(error?.message.contains("connvo_no_such_database") == true)
    }

    @Test func `a database in another encoding is refused`() async throws {
        try await onOwnThread {
            let name = "connvo_test_\(getpid())_ascii"
            try TestServer.run("CREATE DATABASE \(name) ENCODING 'SQL_ASCII' TEMPLATE template0")
            defer { try? TestServer.run("DROP DATABASE \(name) WITH (FORCE)") }

            let error = databaseError { _ = try TestServer.connect(to: name) }

            #expect(error?.kind == .connect)
            #expect(error?.message == "the database's encoding must be UTF8")
        }
    }

    @Test(
        arguments: [
            "postgres://user:hunter2%zz@localhost/db",
            "password=hunter2 'oops",
            "password=hunter2 nonsense=1",
            "postgres://user:hunter2@localhost:port:port/db?bogus=1",
        ]
    )
    func `a connection string that cannot be read is refused without quoting it`(conninfo: String) {
        let error = databaseError { try Self.target(conninfo) }

        #expect(error?.kind == .connect)
        #expect(error.map { "\($0)".contains("hunter2") } == false)
    }

    @Test func `the application's name shows in pg_stat_activity, unless the connection string has another`()
        async throws
    {
        try await withDatabase(.empty) { database in
            let named = try ConnectionTarget(
                "dbname=\(database.name) application_name=mine",
                applicationName: "default"
            )
            let unnamed = try ConnectionTarget("dbname=\(database.name)", applicationName: "default")
            let query = "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"

            var first = try Connection.open(named, deadline: .soon)
            var second = try Connection.open(unnamed, deadline: .soon)

            #expect(try first.text(query) == "mine")
            #expect(try second.text(query) == "default")
        }
    }

    @Test func `a read-only server is refused where writes are required`() async throws {
        try await withDatabase(.empty) { database in
            try database.run("ALTER DATABASE \(database.name) SET default_transaction_read_only = on")
            let target = try ConnectionTarget(
                "dbname=\(database.name)",
                applicationName: "connvo-tests",
                sessionAttributes: .readWrite
            )

            let error = databaseError { _ = try Connection.open(target, deadline: .soon) }

            #expect(error?.kind == .connect)
            #expect(error?.message.contains("read-only") == true)
        }
    }

    @Test func `opening and closing leaks no descriptor and no backend`() async throws {
        let silent = try SilentListener()
        try await withDatabase(.empty) { database in
            let deaf = try Self.target("host=127.0.0.1 port=\(silent.port) user=test dbname=test")
            let missing = try Self.target("host=/nonexistent user=test dbname=test")
            let before = try Self.openDescriptors()

            for cycle in 0..<200 {
                var connection = try database.connect()
                if cycle % 4 == 0 {
                    _ = databaseError { try connection.text("SELECT pg_terminate_backend(pg_backend_pid())") }
                }
                _ = databaseError { _ = try Connection.open(missing, deadline: .soon) }
                _ = databaseError { _ = try Connection.open(deaf, deadline: .after(.zero)) }
            }

            // Other tests of this process open descriptors at the same time, but not hundreds.
            #expect(try Self.openDescriptors() - before < 150)
            #expect(
                try waitUntil {
                    try database.scalar("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                        == "1"
                }
            )
        }
        withExtendedLifetime(silent) {}
    }

    private static func openDescriptors() throws -> Int {
        guard let directory = opendir("/proc/self/fd") else {
            throw SilentListener.Failure(call: "opendir", code: errno)
        }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }
}
