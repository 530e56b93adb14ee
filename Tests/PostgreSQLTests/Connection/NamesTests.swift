import Foundation
import Synchronization
import TestSupport
import Testing

@testable import PostgreSQL

/// Host names: when and by whom they are resolved, and what becomes of their addresses.
@Suite struct NamesTests {
    private static func target(_ conninfo: String, resolver: NameResolver) throws -> ConnectionTarget {
        try ConnectionTarget(
            conninfo,
            applicationName: "connvo-tests",
            sessionAttributes: .readWrite,
            resolver: resolver
        )
    }

    private static func resolver(_ addresses: [String: [String]]) -> NameResolver {
        NameResolver { (name) throws(DatabaseError) in
            guard let found = addresses[name] else { throw DatabaseError(.connect, "\(name) is not known") }
            return found
        }
    }

    // MARK: A resolver that does not respond

    @Test func `a name that is not resolved in time ends the attempt at its deadline`() async throws {
        let held = HeldResolver()
        try await onOwnThread {
            let target = try Self.target("host=db.test user=u dbname=d", resolver: held.resolver)

            let error = databaseError { _ = try Connection.open(target, deadline: .after(.milliseconds(300))) }

            #expect(error?.kind == .timedOut)
            #expect(error?.message == #"host name "db.test" was not resolved in time"#)
            #expect(held.lookUps == ["db.test"])
            held.release()
        }
    }

    @Test func `one thread is busy with a name, however many wait for it, and its response serves the next`()
        async throws
    {
        try await withDatabase(.empty) { database in
            let forwarder = try TCPForwarder()
            let held = HeldResolver(["db.test": ["127.0.0.1"]])
            let target = try Self.target(
                "host=db.test port=\(forwarder.port) dbname=\(database.name)",
                resolver: held.resolver
            )
            let failures = Atomic<Int>(0)
            let threads = try (0..<8).map { _ in
                try DedicatedThread(name: "waits") {
                    for _ in 0..<5 {
                        let error = databaseError {
                            _ = try Connection.open(target, deadline: .after(.milliseconds(50)))
                        }
                        if error?.kind == .timedOut { failures.wrappingAdd(1, ordering: .relaxed) }
                    }
                }
            }
            for thread in threads { thread.join() }
            #expect(failures.load(ordering: .relaxed) == 40)
            #expect(held.lookUps == ["db.test"])

            held.release()
            var connection = try Connection.open(target, deadline: .soon)

            #expect(try connection.text("SELECT current_database()") == database.name)
            #expect(held.lookUps == ["db.test"])
            withExtendedLifetime(forwarder) {}
        }
    }

    @Test func `a look-up can be given up`() async throws {
        let held = HeldResolver()
        try await onOwnThread {
            let target = try Self.target("host=db.test,other.test user=u dbname=d", resolver: held.resolver)

            let error = databaseError {
                _ = try Connection.open(target, deadline: .never, isCancelled: { !held.lookUps.isEmpty })
            }

            #expect(error?.kind == .connect)
            #expect(error?.message.contains("given up") == true)
            held.release()
        }
    }

    @Test func `connecting to a server that sends nothing can be given up`() async throws {
        let silent = try SilentListener()
        try await onOwnThread {
            let target = try Self.target("host=127.0.0.1 port=\(silent.port) user=u dbname=d", resolver: .system)

            let error = databaseError { _ = try Connection.open(target, deadline: .never, isCancelled: { true }) }

            #expect(error?.message.contains("given up") == true)
        }
        withExtendedLifetime(silent) {}
    }

    @Test func `a first host whose name is not resolved leaves time for the second`() async throws {
        try await withDatabase(.empty) { database in
            let forwarder = try TCPForwarder()
            let held = HeldResolver()
            let known = Self.resolver(["good.test": ["127.0.0.1"]])
            let resolver = NameResolver { (name) throws(DatabaseError) in
                let other = name == "good.test" ? known : held.resolver
                return try other.addresses(of: name, deadline: .never, isCancelled: { false })
            }
            let target = try Self.target(
                "host=stuck.test,good.test port=\(forwarder.port) dbname=\(database.name)",
                resolver: resolver
            )

            var connection = try Connection.open(target, deadline: .after(.seconds(8)))

            #expect(try connection.text("SELECT current_database()") == database.name)
            held.release()
            withExtendedLifetime(forwarder) {}
        }
    }

    // MARK: Addresses

    @Test func `an address that sends nothing leaves time for the next one of the same name`() async throws {
        try await withDatabase(.empty) { database in
            let silent = try SilentListener()
            let forwarder = try TCPForwarder(lastByte: 2, port: silent.port)
            let target = try Self.target(
                "host=db.test port=\(silent.port) dbname=\(database.name)",
                resolver: Self.resolver(["db.test": ["127.0.0.1", "127.0.0.2"]])
            )

            var connection = try Connection.open(target, deadline: .after(.seconds(8)))

            #expect(try connection.text("SELECT current_database()") == database.name)
            #expect(forwarder.connectionCount == 1)
            withExtendedLifetime(silent) {}
        }
    }

    @Test func `an address without a listener is passed over at once, in a list with prefer-standby, too`()
        async throws
    {
        try await withDatabase(.empty) { database in
            let deaf = try SilentListener(listens: false)
            let forwarder = try TCPForwarder(lastByte: 2, port: deaf.port)
            let resolver = Self.resolver(["db.test": ["127.0.0.1", "127.0.0.2"]])
            for attributes in ["any", "prefer-standby"] {
                let target = try Self.target(
                    "host=nowhere.test,db.test port=\(deaf.port) dbname=\(database.name) target_session_attrs=\(attributes)",
                    resolver: resolver
                )

                var connection = try Connection.open(target, deadline: .after(.seconds(60)))

                #expect(try connection.text("SELECT current_database()") == database.name)
            }
            #expect(forwarder.connectionCount >= 2)
            withExtendedLifetime(deaf) {}
        }
    }

    @Test func `when no address works, the error names each`() async throws {
        let silent = try SilentListener()
        try await onOwnThread {
            let target = try Self.target(
                "host=db.test port=\(silent.port) user=u dbname=d password=hunter2",
                resolver: Self.resolver(["db.test": ["127.0.0.1", "127.0.0.3"]])
            )

            let error = databaseError { _ = try Connection.open(target, deadline: .after(.milliseconds(600))) }

            let message = try #require(error?.message)
            #expect(message.hasPrefix("db.test (127.0.0.1) port \(silent.port): connecting took too long; "))
            #expect(message.contains("db.test (127.0.0.3) port \(silent.port): "))
            #expect(!message.contains("hunter2"))
        }
        withExtendedLifetime(silent) {}
    }

    @Test func `the name stays beside the address, for the check of the certificate`() {
        let host = ConnectionTarget.Host(name: "db.test", address: "192.0.2.7", port: "5433")

        let parameters = ConnectionTarget.parameters(selecting: [host])

        #expect(parameters.map { "\($0.keyword)=\($0.value)" } == ["port=5433", "host=db.test", "hostaddr=192.0.2.7"])
    }

    // MARK: No look-up

    @Test(arguments: ["127.0.0.1", "::1", "/nonexistent", "@nonexistent"])
    func `addresses and sockets are not looked up`(host: String) async throws {
        let held = HeldResolver()
        try await onOwnThread {
            let target = try Self.target("host=\(host) port=1 user=u dbname=d", resolver: held.resolver)

            let error = databaseError { _ = try Connection.open(target, deadline: .soon) }

            #expect(error?.kind == .connect)
            #expect(held.lookUps.isEmpty)
        }
    }

    @Test func `a name that has an address in hostaddr is not looked up`() async throws {
        let held = HeldResolver()
        try await onOwnThread {
            let target = try Self.target(
                "host=db.test hostaddr=127.0.0.1 port=1 user=u dbname=d",
                resolver: held.resolver
            )

            let error = databaseError { _ = try Connection.open(target, deadline: .soon) }

            #expect(error?.message.contains("refused") == true)
            #expect(held.lookUps.isEmpty)
        }
    }

    // MARK: The system's resolver

    @Test func `the system knows localhost`() async throws {
        let addresses = try await onOwnThread {
            try NameResolver.system.addresses(of: "localhost", deadline: .soon, isCancelled: { false })
        }

        #expect(addresses.contains("127.0.0.1"))
        #expect(addresses.count == Set(addresses).count)
    }

    @Test func `a name that is none has the message of psql`() async throws {
        let error = await #expect(throws: DatabaseError.self) {
            try await onOwnThread {
                try NameResolver.system.addresses(of: "no name", deadline: .soon, isCancelled: { false })
            }
        }

        #expect(error?.kind == .connect)
        #expect(error?.message.hasPrefix(#"could not translate host name "no name" to address: "#) == true)
    }

    @Test func `a name is looked up again when its last look-up failed`() async throws {
        let count = Atomic<Int>(0)
        try await onOwnThread {
            let resolver = NameResolver { (_) throws(DatabaseError) in
                if count.wrappingAdd(1, ordering: .relaxed).newValue == 1 { throw DatabaseError(.connect, "not now") }
                return ["127.0.0.1"]
            }
            let first = databaseError {
                try resolver.addresses(of: "db.test", deadline: .soon, isCancelled: { false })
            }
            #expect(first?.message == "not now")
            let second = try resolver.addresses(of: "db.test", deadline: .soon, isCancelled: { false })
            #expect(second == ["127.0.0.1"])
        }
    }
}
