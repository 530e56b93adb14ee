import InMemoryLogging
import Logging
import MetricsTestKit
import Persistence
import PostgreSQL
import Testing

@testable import connvo_server

@Suite struct DatabaseObserverTests {
    private let metrics = TestMetrics()
    private let log = InMemoryLogHandler()

    private var observer: DatabaseObserver {
        DatabaseObserver(logger: Logger(label: "test") { [log] _ in log }, metrics: metrics)
    }

    @Test func `a COMMIT of unknown outcome is counted and logged as an error`() throws {
        observer.observe(IssuanceEvent.commitUnknown(size: 7, DatabaseError(.connectionLost, "gone")))

        #expect(try metrics.expectCounter("connvo_commit_unknown_total").values == [1])
        #expect(log.entries.map(\.level) == [.error])
        #expect(log.entries.first?.metadata["requests"] == "7")
    }

    @Test func `the size and the time of every batch are measured`() throws {
        observer.observe(IssuanceEvent.committed(size: 12, took: .milliseconds(3)))

        #expect(try metrics.expectRecorder("connvo_batch_size").values == [12])
        #expect(try metrics.expectTimer("connvo_batch_seconds").values == [3_000_000])
        #expect(log.entries.isEmpty)
    }

    @Test func `requests that did not reach the database are counted by reason`() throws {
        let observer = observer
        observer.observe(.turnedAway(.overloaded, count: 3))
        observer.observe(.turnedAway(.waitedTooLong, count: 2))

        let total = "connvo_turned_away_total"
        #expect(try metrics.expectCounter(total, [("reason", "overloaded")]).values == [3])
        #expect(try metrics.expectCounter(total, [("reason", "waited_too_long")]).values == [2])
    }

    @Test func `lines of one kind are limited to ten a second`() {
        let observer = observer
        for _ in 0..<500 {
            observer.observe(IssuanceEvent.connectionLost(slot: 0, DatabaseError(.connectionLost, "gone")))
        }

        #expect((10...20).contains(log.entries.count))
        #expect(metrics.counterTotal(label: "connvo_database_connections_lost_total") == 500)
    }

    @Test func `that COMMIT is not acknowledged, and that it is again, has a line each`() {
        observer.observe(IssuanceEvent.commitsStalled(abandoned: 4))
        observer.observe(IssuanceEvent.commitsResumed)

        #expect(log.entries.map(\.level) == [.error, .notice])
        #expect(log.entries.first?.metadata["commits"] == "4")
    }

    @Test func `no row data reaches the log`() {
        var error = DatabaseError(.server, "violates a constraint", sqlState: .checkViolation)
        error.detail = "Failing row contains (alice@example.com)"
        observer.observe(IssuanceEvent.itemFailed(requestID: "request-1", error))

        #expect(log.entries.count == 1)
        #expect(!"\(log.entries)".contains("alice"))
    }
}
