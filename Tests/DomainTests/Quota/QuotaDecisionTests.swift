import Domain
import Testing

/// The quota decision with the rows in the database.
@Suite struct QuotaDecisionTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_700_000_000)

    private static func decide(limit: Int, recorded: Int64, oldest: Duration?) -> QuotaDecision {
        QuotaDecision(limit: limit, recordedRequests: recorded, oldest: oldest.map { now - $0 }, now: now)
    }

    @Test func `a request is admitted while the records are fewer than the limit`() {
        #expect(Self.decide(limit: 60, recorded: 0, oldest: nil) == .admitted)
        #expect(Self.decide(limit: 60, recorded: 59, oldest: .seconds(1)) == .admitted)
        #expect(Self.decide(limit: 60, recorded: 60, oldest: .seconds(1)) == .refused(retryAfter: 59))
        #expect(Self.decide(limit: 60, recorded: 61, oldest: .seconds(1)) == .refused(retryAfter: 59))
    }

    @Test func `a limit of 0 means no limit`() {
        #expect(Self.decide(limit: 0, recorded: 1000, oldest: .seconds(1)) == .admitted)
    }

    @Test(
        arguments: [
            (.zero, 60), (.microseconds(1), 60), (.milliseconds(59_000), 1), (.milliseconds(58_999), 2),
            (.milliseconds(59_999), 1), (.seconds(60), 1), (.seconds(90), 1), (nil, 1), (.seconds(-5), 65),
        ] as [(Duration?, Int64)]
    )
    func `the caller waits until the oldest record leaves the window, in whole seconds`(
        oldest: Duration?,
        retryAfter: Int64
    ) {
        #expect(Self.decide(limit: 1, recorded: 1, oldest: oldest) == .refused(retryAfter: retryAfter))
    }
}
