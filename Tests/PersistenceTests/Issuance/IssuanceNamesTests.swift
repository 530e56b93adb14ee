import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// A database whose host name is not resolved.
@Suite struct IssuanceNamesTests {
    private static func target(
        _ database: TestDatabase,
        port: UInt16,
        resolver: NameResolver
    ) throws -> ConnectionTarget {
        try ConnectionTarget(
            "host=db.test port=\(port) dbname=\(database.name) options='-c role=connvo_app'",
            applicationName: TestEngine.applicationName,
            resolver: resolver
        )
    }

    @Test func `an engine and a monitor stop while a name server leaves them without a response`() async throws {
        try await withDatabase { database in
            let held = HeldResolver()
            let target = try Self.target(database, port: 1, resolver: held.resolver)
            let engine = try TestEngine(on: database) { configuration in
                configuration.target = target
                configuration.connectTimeout = .seconds(600)
            }
            let monitor = try DatabaseMonitor(
                target: target,
                migrations: .embedded,
                preparesStatements: true,
                timeLimit: .seconds(600),
                report: { _ in }
            )
            try engine.engine.start()
            try monitor.start()
            #expect(waitUntil { !held.lookUps.isEmpty })

            let hasStopped = Shared(false)
            let stopper = try DedicatedThread(name: "stopper") {
                engine.engine.stop()
                monitor.stop()
                hasStopped.value.withLock { $0 = true }
            }

            #expect(waitUntil { hasStopped.value.withLock { $0 } })
            #expect(held.lookUps == ["db.test"])
            held.release()
            stopper.join()
        }
    }

    @Test func `a request gets its answer while the name is not resolved, and a token once it is`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let forwarder = try TCPForwarder()
            let held = HeldResolver(["db.test": ["127.0.0.1"]])
            let target = try Self.target(database, port: forwarder.port, resolver: held.resolver)

            try TestEngine.run(
                on: database,
                configure: { configuration in
                    configuration.target = target
                    configuration.connectTimeout = .seconds(2)
                    configuration.batching.maximumWait = .milliseconds(500)
                },
                body: { engine in
                    let early = engine.submit(paid.participant, paid.meeting)
                    let outcome = try early.outcomeAtOnce ?? early.outcome()
                    #expect(outcome.unavailability == .waitedTooLong)
                    #expect(
                        waitUntil {
                            engine.submit(paid.participant, paid.meeting).outcomeAtOnce?.unavailability
                                == .databaseAway
                        }
                    )
                    #expect(held.lookUps == ["db.test"])

                    held.release()

                    #expect(waitUntil { engine.engine.isDatabaseReachable })
                    #expect(try engine.ask(paid.participant, paid.meeting).token != nil)
                }
            )
            withExtendedLifetime(forwarder) {}
        }
    }
}
