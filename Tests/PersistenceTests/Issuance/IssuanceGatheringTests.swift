import Domain
import TestSupport
import Testing

@testable import Persistence

/// When a second batch is begun beside one that is in flight.
@Suite struct IssuanceGatheringTests {
    /// Lends an engine of two connections with a batch of `size` in flight, which ends when `body` has.
    private static func withBatchInFlight(
        of size: Int,
        on database: TestDatabase,
        gatheringLimit: Duration,
        _ body: (TestEngine) throws -> [PendingResponse]
    ) throws -> [Int] {
        let engine = try TestEngine(on: database) { configuration in
            configuration.poolSize = 2
            configuration.batching.gatheringLimit = gatheringLimit
        }
        defer { engine.engine.stop() }
        // Before there are connections, so that the first takes them together.
        var responses = (0..<size).map { _ in engine.submit("user_nobody", "meeting_none") }
        try database.withMeetingsLocked {
            try engine.engine.start()
            try engine.waitForBlocked(1)
            responses += try body(engine)
        }
        for response in responses { #expect(try response.outcome().refusal == .userNotProvisioned) }
        return engine.committedSizes
    }

    @Test func `beside a batch of three, waiting requests are taken when they are three`() async throws {
        try await withDatabase { database in
            let sizes = try Self.withBatchInFlight(of: 3, on: database, gatheringLimit: .seconds(600)) { engine in
                let responses = (0..<3).map { _ in engine.submit("user_nobody", "meeting_none") }
                try engine.waitForBlocked(2)
                return responses
            }

            #expect(sizes == [3, 3])
        }
    }

    @Test func `fewer requests wait for the end of the batch in flight, and no longer`() async throws {
        try await withDatabase { database in
            let sizes = try Self.withBatchInFlight(of: 3, on: database, gatheringLimit: .seconds(600)) { engine in
                (0..<2).map { _ in engine.submit("user_nobody", "meeting_none") }
            }

            #expect(sizes == [3, 2])
        }
    }

    @Test func `beside a batch that does not end, fewer requests are taken after the limit`() async throws {
        try await withDatabase { database in
            let sizes = try Self.withBatchInFlight(of: 3, on: database, gatheringLimit: .milliseconds(1)) { engine in
                let response = engine.submit("user_nobody", "meeting_none")
                try engine.waitForBlocked(2)
                return [response]
            }

            #expect(sizes.sorted() == [1, 3])
        }
    }

    @Test func `beside a lone request in flight no request waits`() async throws {
        try await withDatabase { database in
            let sizes = try Self.withBatchInFlight(of: 1, on: database, gatheringLimit: .seconds(600)) { engine in
                let response = engine.submit("user_nobody", "meeting_none")
                try engine.waitForBlocked(2)
                return [response]
            }

            #expect(sizes == [1, 1])
        }
    }
}
