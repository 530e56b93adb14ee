import Domain
import TestSupport
import Testing

/// The quota of one process, in simulated time.
@Suite struct QuotaWindowTests {
    /// A window with short names for its methods. Times are in milliseconds since the window's origin.
    private struct Subject {
        var window: QuotaWindow

        init(limit: Int) {
            window = QuotaWindow(limit: limit)
        }

        mutating func admit(_ user: String = "user_a", at milliseconds: Int64) -> QuotaDecision {
            window.admit(User.ID(rawValue: user), at: .milliseconds(milliseconds))
        }

        mutating func setLimit(_ limit: Int) {
            window.limit = limit
        }

        mutating func withdraw(_ user: String = "user_a") {
            window.withdraw(User.ID(rawValue: user))
        }
    }

    @Test(arguments: [1, 2, 60, 1000])
    func `exactly as many requests as the limit are admitted`(limit: Int) {
        var subject = Subject(limit: limit)

        let decisions = (0...limit).map { _ in subject.admit(at: 5) }

        #expect(decisions.dropLast().allSatisfy { $0 == .admitted })
        #expect(decisions.last == .refused(retryAfter: 60))
    }

    @Test func `users do not share a count`() {
        var subject = Subject(limit: 1)

        #expect(subject.admit("user_a", at: 0) == .admitted)
        #expect(subject.admit("user_b", at: 0) == .admitted)
        #expect(subject.admit("user_a", at: 0) == .refused(retryAfter: 60))
    }

    @Test(arguments: [0, 1, 12_345, 59_999, 60_000, 119_999, 3_600_000])
    func `an admission stops counting after exactly one minute`(start: Int64) {
        var subject = Subject(limit: 1)

        #expect(subject.admit(at: start) == .admitted)
        #expect(subject.admit(at: start + 59_999) == .refused(retryAfter: 1))
        #expect(subject.admit(at: start + 60_000) == .admitted)
        #expect(subject.admit(at: start + 60_001) == .refused(retryAfter: 60))
    }

    @Test func `each admission stops counting separately, the oldest first`() {
        var subject = Subject(limit: 3)
        for time in [0, 20_000, 40_000] as [Int64] { #expect(subject.admit(at: time) == .admitted) }

        #expect(subject.admit(at: 50_000) == .refused(retryAfter: 10))
        #expect(subject.admit(at: 60_000) == .admitted)
        #expect(subject.admit(at: 60_000) == .refused(retryAfter: 20))
        #expect(subject.admit(at: 80_000) == .admitted)
        #expect(subject.admit(at: 99_999) == .refused(retryAfter: 1))
        #expect(subject.admit(at: 100_000) == .admitted)
        #expect(subject.admit(at: 100_000) == .refused(retryAfter: 20))
    }

    @Test(
        arguments: [
            (0, 60), (1, 60), (999, 60), (1000, 59), (1001, 59), (58_000, 2), (58_999, 2), (59_000, 1), (59_999, 1),
        ]
            as [(Int64, Int64)]
    )
    func `the time to wait is rounded up to whole seconds`(time: Int64, retryAfter: Int64) {
        var subject = Subject(limit: 1)
        #expect(subject.admit(at: 0) == .admitted)

        #expect(subject.admit(at: time) == .refused(retryAfter: retryAfter))
    }

    @Test func `a user who waits for the given time is admitted`() throws {
        var subject = Subject(limit: 7)
        var random = SeededGenerator(seed: 11)
        var time: Int64 = 0
        for _ in 0..<2000 {
            time += Int64.random(in: 0..<9000, using: &random)
            guard case .refused(let retryAfter) = subject.admit(at: time) else { continue }
            #expect((1...60).contains(retryAfter))
            time += retryAfter * 1000
            #expect(subject.admit(at: time) == .admitted)
        }
    }

    @Test func `in every minute exactly the requests within the limit are admitted`() {
        var subject = Subject(limit: 5)
        var random = SeededGenerator(seed: 7)
        var admitted: [String: [Int64]] = [:]
        var time: Int64 = 0
        for _ in 0..<20_000 {
            // With pauses after which one or both generations are dropped.
            time += Int64.random(in: 0..<400, using: &random)
            if Int.random(in: 0..<500, using: &random) == 0 { time += Int64.random(in: 0..<200_000, using: &random) }
            let user = "user_\(Int.random(in: 0..<30, using: &random))"
            let recent = admitted[user, default: []].filter { $0 > time - 60_000 }

            let decision = subject.admit(user, at: time)

            #expect((decision == .admitted) == (recent.count < 5))
            admitted[user] = decision == .admitted ? recent + [time] : recent
        }
    }

    @Test func `a lower limit counts at once, with what was admitted before it`() {
        var subject = Subject(limit: 5)
        for time in [0, 10_000, 20_000, 30_000] as [Int64] { #expect(subject.admit(at: time) == .admitted) }

        subject.setLimit(2)

        // The admission of 20 s has to leave the window, too: two would be left otherwise.
        #expect(subject.admit(at: 40_000) == .refused(retryAfter: 40))
        #expect(subject.admit(at: 79_999) == .refused(retryAfter: 1))
        #expect(subject.admit(at: 80_000) == .admitted)
        #expect(subject.admit(at: 80_000) == .refused(retryAfter: 10))
        #expect(subject.admit("user_b", at: 80_000) == .admitted)
    }

    @Test func `a higher limit counts at once, and so does none`() {
        var subject = Subject(limit: 1)
        #expect(subject.admit(at: 0) == .admitted)
        #expect(subject.admit(at: 0) != .admitted)

        subject.setLimit(2)
        #expect(subject.admit(at: 0) == .admitted)
        #expect(subject.admit(at: 0) == .refused(retryAfter: 60))
        subject.setLimit(0)
        for _ in 0..<100 { #expect(subject.admit(at: 0) == .admitted) }
        // What was admitted without a limit is not known, and what was admitted before it is.
        subject.setLimit(3)
        #expect(subject.admit(at: 0) == .admitted)
        #expect(subject.admit(at: 0) == .refused(retryAfter: 60))
    }

    @Test func `refused requests do not count`() {
        var subject = Subject(limit: 1)
        #expect(subject.admit(at: 0) == .admitted)
        for time in stride(from: 1000 as Int64, to: 60_000, by: 1000) {
            #expect(subject.admit(at: time) != .admitted)
        }

        #expect(subject.admit(at: 60_000) == .admitted)
    }

    @Test func `withdrawn admissions do not count`() {
        var subject = Subject(limit: 2)
        #expect(subject.admit(at: 0) == .admitted)
        #expect(subject.admit(at: 10_000) == .admitted)

        subject.withdraw()

        #expect(subject.admit(at: 20_000) == .admitted)
        #expect(subject.admit(at: 20_000) == .refused(retryAfter: 40))
        for _ in 0..<5 { subject.withdraw() }
        #expect(subject.admit(at: 30_000) == .admitted)
        #expect(subject.admit(at: 30_000) == .admitted)
        #expect(subject.admit(at: 30_000) == .refused(retryAfter: 60))
    }

    @Test func `an admission is withdrawn also after the generations have changed`() {
        var subject = Subject(limit: 2)
        #expect(subject.admit(at: 58_000) == .admitted)
        #expect(subject.admit(at: 59_000) == .admitted)
        // A request of another user changes the generations.
        #expect(subject.admit("user_b", at: 60_000) == .admitted)

        subject.withdraw()

        #expect(subject.admit(at: 61_000) == .admitted)
        #expect(subject.admit(at: 61_000) == .refused(retryAfter: 57))
        // The first admission is in no generation any more once all that are newer are withdrawn.
        subject.withdraw()
        subject.withdraw()
        #expect(subject.admit(at: 62_000) == .admitted)
        #expect(subject.admit(at: 62_000) == .admitted)
        #expect(subject.admit(at: 62_000) == .refused(retryAfter: 60))
    }

    @Test func `withdrawing from an unknown user does nothing`() {
        var subject = Subject(limit: 1)

        subject.withdraw("user_b")

        #expect(subject.admit("user_b", at: 0) == .admitted)
        #expect(subject.admit("user_b", at: 0) == .refused(retryAfter: 60))
    }

    @Test func `rotating the generations keeps admissions that still count`() {
        var subject = Subject(limit: 2)
        #expect(subject.admit(at: 0) == .admitted)
        #expect(subject.admit(at: 59_000) == .admitted)
        // Requests of another user rotate the generations, twice.
        #expect(subject.admit("user_b", at: 60_000) == .admitted)

        #expect(subject.admit(at: 61_000) == .admitted)
        #expect(subject.admit(at: 61_000) == .refused(retryAfter: 58))
        #expect(subject.admit("user_b", at: 120_500) == .admitted)
        #expect(subject.admit(at: 120_600) == .admitted)
        #expect(subject.admit(at: 120_600) == .refused(retryAfter: 1))
    }

    @Test func `a request whose clock reading is a little older than the one before changes nothing`() {
        var subject = Subject(limit: 2)
        #expect(subject.admit(at: 60_000) == .admitted)
        #expect(subject.admit(at: 59_998) == .admitted)

        #expect(subject.admit(at: 59_999) == .refused(retryAfter: 61))
        #expect(subject.admit(at: 60_001) == .refused(retryAfter: 60))
    }

    @Test(arguments: [-30_000, -1, 0, 1, 30_000] as [Int64])
    func `the clock's overflow after 49 days locks no user out`(offset: Int64) {
        let overflow = Int64(UInt32.max) + 1
        var subject = Subject(limit: 1)
        #expect(subject.admit(at: overflow - 60_000) == .admitted)
        let time = max(overflow + offset, overflow - 60_000)

        _ = subject.admit(at: time)
        _ = subject.admit(at: time)

        #expect(subject.admit(at: time + 60_000) == .admitted)
        #expect(subject.admit(at: time + 60_001) == .refused(retryAfter: 60))
        #expect(subject.admit(at: time + 120_000) == .admitted)
    }

    @Test func `a limit of 0 means no limit`() {
        var subject = Subject(limit: 0)

        #expect((0..<1000).allSatisfy { _ in subject.admit(at: 0) == .admitted })
        subject.withdraw()
    }
}
