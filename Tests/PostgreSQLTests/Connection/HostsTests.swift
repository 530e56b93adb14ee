import Foundation
import TestSupport
import Testing

@testable import PostgreSQL

/// Connection strings that name several servers.
@Suite struct HostsTests {
    private static let environment = ProcessInfo.processInfo.environment

    /// The host and the port of the server that the tests use.
    private static func server() throws -> (host: String, port: String) {
        (try #require(environment["PGHOST"]), environment["PGPORT"] ?? "5432")
    }

    private static func target(_ conninfo: String) throws -> ConnectionTarget {
        try ConnectionTarget(conninfo, applicationName: "connvo-tests", sessionAttributes: .readWrite)
    }

    private static func names(_ conninfo: String, defaults: [String: String] = [:]) throws -> [String] {
        switch try target(conninfo).hosts(defaults: defaults) {
        case .separate(let hosts): hosts.map(\.label)
        case .together, .unknown: []
        }
    }

    // MARK: Connecting

    @Test func `a first host that sends nothing leaves time for the second`() async throws {
        let silent = try SilentListener()
        try await withDatabase(.empty) { database in
            let server = try Self.server()
            let target = try Self.target(
                "host=127.0.0.1,\(server.host) port=\(silent.port),\(server.port) dbname=\(database.name)"
            )
            let start = ContinuousClock.now

            var connection = try Connection.open(target, deadline: .after(.seconds(8)))

            let took = ContinuousClock.now - start
            #expect(try connection.text("SELECT current_database()") == database.name)
            #expect(took >= .seconds(4))
            #expect(took < .seconds(7))
        }
        withExtendedLifetime(silent) {}
    }

    @Test func `a host that did not answer is tried last, for a minute or until it answers`() async throws {
        let silent = try SilentListener()
        try await withDatabase(.empty) { database in
            let server = try Self.server()
            let target = try Self.target(
                "host=127.0.0.1,\(server.host) port=\(silent.port),\(server.port) dbname=\(database.name)"
            )
            guard case .separate(let hosts) = target.hosts else {
                Issue.record("the hosts are not tried one after the other")
                return
            }
            #expect(target.silentHosts.order(of: hosts) == [0, 1])

            _ = try Connection.open(target, deadline: .after(.seconds(4)))

            #expect(target.silentHosts.order(of: hosts) == [1, 0])
            // A copy knows it, too, and the second attempt does not wait for the first host.
            let copy = target
            let start = ContinuousClock.now
            _ = try Connection.open(copy, deadline: .after(.seconds(60)))
            #expect(ContinuousClock.now - start < .seconds(20))
            #expect(target.silentHosts.order(of: hosts, now: .now + .seconds(61)) == [0, 1])
            target.silentHosts.forget(hosts[0])
            #expect(target.silentHosts.order(of: hosts) == [0, 1])
        }
        withExtendedLifetime(silent) {}
    }

    @Test func `the first working host is used at once`() async throws {
        let silent = try SilentListener()
        try await withDatabase(.empty) { database in
            let server = try Self.server()
            let target = try Self.target(
                "host=\(server.host),127.0.0.1 port=\(server.port),\(silent.port) dbname=\(database.name)"
            )
            let start = ContinuousClock.now

            _ = try Connection.open(target, deadline: .after(.seconds(30)))

            #expect(ContinuousClock.now - start < .seconds(10))
        }
        withExtendedLifetime(silent) {}
    }

    @Test(.enabled(if: PgBouncer.isInstalled, "scripts/install-dependencies --tests installs it"))
    func `a first host that is read-only is skipped`() async throws {
        try await withDatabase(.empty) { database in
            let reader = "\(database.name)_reader"
            try database.run("CREATE ROLE \(reader) LOGIN; ALTER ROLE \(reader) SET default_transaction_read_only = on")
            defer { try? database.run("DROP ROLE \(reader)") }
            let readOnly = try PgBouncer(poolSize: 1, login: reader)
            let server = try Self.server()
            let target = try Self.target("host=\(readOnly.host),\(server.host) dbname=\(database.name)")

            var connection = try Connection.open(target, deadline: .soon)
            let alone = try Self.target("host=\(readOnly.host) dbname=\(database.name)")
            let error = databaseError { _ = try Connection.open(alone, deadline: .soon) }

            #expect(try connection.text("current_setting('default_transaction_read_only')") == "off")
            #expect(error?.message.contains("read-only") == true)
            withExtendedLifetime(readOnly) {}
        }
    }

    @Test func `when no host works, the error names each host and its error, and no password`() async throws {
        let silent = try SilentListener()
        let nobody = try SilentListener(listens: false)
        let target = try Self.target(
            "postgres://test:hunter2@127.0.0.1:\(silent.port),127.0.0.1:\(nobody.port)/test"
        )

        let (error, took) = try await onOwnThread {
            let start = ContinuousClock.now
            let error = databaseError { _ = try Connection.open(target, deadline: .after(.seconds(1))) }
            return (error, ContinuousClock.now - start)
        }

        let message = try #require(error?.message)
        #expect(error?.kind == .connect)
        #expect(
            message.hasPrefix(
                "127.0.0.1 port \(silent.port): connecting took too long; 127.0.0.1 port \(nobody.port): "
            )
        )
        #expect(message.contains("refused"))
        #expect(!"\(String(describing: error))".contains("hunter2"))
        #expect(took < .seconds(5))
        withExtendedLifetime(silent) {}
    }

    @Test func `when no host sends anything, one deadline limits all together`() async throws {
        let silent = try SilentListener()
        let target = try Self.target("host=127.0.0.1,127.0.0.1,127.0.0.1 port=\(silent.port) user=test dbname=test")

        let (error, took) = try await onOwnThread {
            let start = ContinuousClock.now
            let error = databaseError { _ = try Connection.open(target, deadline: .after(.milliseconds(600))) }
            return (error, ContinuousClock.now - start)
        }

        #expect(error?.kind == .timedOut)
        #expect(took >= .milliseconds(600))
        #expect(took < .seconds(5))
        withExtendedLifetime(silent) {}
    }

    // MARK: Parsing

    @Test func `hosts keep their order and have their ports`() throws {
        #expect(try Self.names("postgres://u:p@b:1,a:2,c/d") == ["b port 1", "a port 2", "c port 5432"])
        #expect(try Self.names("host=b,a port=7") == ["b port 7", "a port 7"])
        #expect(try Self.names("host=b,a port=,8") == ["b port 5432", "a port 8"])
        #expect(try Self.names("hostaddr=::1,127.0.0.1") == ["::1 port 5432", "127.0.0.1 port 5432"])
    }

    @Test func `addresses and names of one host stay together`() throws {
        let hosts = try Self.target("host=a,b hostaddr=127.0.0.1,127.0.0.2 port=1,2").hosts(defaults: [:])

        #expect(
            hosts
                == .separate([
                    .init(name: "a", address: "127.0.0.1", port: "1"),
                    .init(name: "b", address: "127.0.0.2", port: "2"),
                ])
        )
    }

    @Test func `the environment fills in what the connection string leaves out`() throws {
        #expect(try Self.names("", defaults: ["host": "a,b", "port": "9"]) == ["a port 9", "b port 9"])
        #expect(try Self.names("host=c,d", defaults: ["host": "a,b", "port": "1,2"]) == ["c port 1", "d port 2"])
        #expect(try Self.names("host=c", defaults: ["host": "a,b"]) == ["c port 5432"])
    }

    @Test(arguments: ["", "host=a,b,c port=1,2", "host=a,b hostaddr=127.0.0.1", "service=x host=a,b"])
    func `a string without a host, and one that only libpq can read or refuses, is left to libpq`(
        conninfo: String
    ) throws {
        #expect(try Self.target(conninfo).hosts(defaults: [:]) == .unknown)
    }

    @Test(arguments: ["host=a,", "hostaddr=,127.0.0.1 host=a,b", "host=a,b target_session_attrs=prefer-standby"])
    func `a list that cannot be split is tried by libpq as a whole`(conninfo: String) throws {
        guard case .together(let hosts) = try Self.target(conninfo).hosts(defaults: [:]) else {
            Issue.record("it is split")
            return
        }
        #expect(hosts.count == 2)
    }
}
