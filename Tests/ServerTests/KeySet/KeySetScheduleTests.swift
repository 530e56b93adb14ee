import Testing

@testable import connvo_server

/// When a key set is read, in simulated time.
@Suite struct KeySetScheduleTests {
    /// A schedule behind a reference, because expectations cannot contain mutating calls.
    private final class Subject {
        private var schedule: KeySetSchedule

        init(_ rules: KeySetSchedule.Rules = .download) {
            schedule = KeySetSchedule(rules)
        }

        /// The schedule after a read that started and ended at the origin.
        static func read(chance: Double = 0.5) -> Subject {
            let subject = Subject()
            _ = subject.next(at: .zero)
            subject.end(succeeded: true, at: .zero, chance: chance)
            return subject
        }

        func next(at now: Duration) -> KeySetSchedule.Action { schedule.next(at: now) }

        func end(succeeded: Bool, at now: Duration, chance: Double = 0.5) {
            schedule.end(succeeded: succeeded, at: now, chance: chance)
        }

        func noteUnknownKey(at now: Duration) -> Bool { schedule.noteUnknownKey(at: now) }

        func age(at now: Duration) -> Duration? { schedule.age(at: now) }
    }

    @Test func `the first step is a read`() {
        let schedule = Subject()
        #expect(schedule.next(at: .zero) == .read)
    }

    @Test(arguments: [(0.0, 432), (0.5, 480), (1.0, 528)])
    func `the next read is due after eight minutes, plus or minus a tenth`(chance: Double, seconds: Int) {
        let schedule = Subject.read(chance: chance)
        let due = Duration.seconds(seconds)
        #expect(schedule.next(at: due - .milliseconds(1)) != .read)
        #expect(schedule.next(at: due + .milliseconds(1)) == .read)
    }

    @Test func `with any jitter a set that can be read is never older than ten minutes`() {
        var random = SystemRandomNumberGenerator()
        var now = Duration.zero
        let schedule = Subject.read()
        for _ in 0..<1000 {
            guard case .wait(let due) = schedule.next(at: now) else {
                Issue.record("due at once")
                return
            }
            #expect(due - now <= .seconds(595))
            #expect(schedule.next(at: due) == .read)
            now = due + .seconds(5)
            schedule.end(succeeded: true, at: now, chance: .random(in: 0...1, using: &random))
        }
    }

    @Test func `failed reads are repeated at growing intervals, up to thirty seconds`() {
        let schedule = Subject()
        var now = Duration.zero
        var waits: [Duration] = []
        for _ in 0..<100 {
            #expect(schedule.next(at: now) == .read)
            schedule.end(succeeded: false, at: now)
            guard case .wait(let due) = schedule.next(at: now) else {
                Issue.record("due at once")
                return
            }
            waits.append(due - now)
            now = due
        }
        #expect(waits.prefix(6).elementsEqual([1, 2, 4, 8, 16, 30].map { Duration.seconds($0) }))
        #expect(waits.dropFirst(5).allSatisfy { $0 == .seconds(30) })
        // A success resets the intervals.
        _ = schedule.next(at: now)
        schedule.end(succeeded: true, at: now)
        #expect(schedule.next(at: now) == .wait(until: now + .seconds(480)))
    }

    // MARK: Unknown keys

    @Test func `an unknown key starts a read, but not within thirty seconds of the start of another`() {
        let schedule = Subject.read()
        #expect(!schedule.noteUnknownKey(at: .zero))
        #expect(!schedule.noteUnknownKey(at: .milliseconds(29_999)))
        #expect(schedule.next(at: .milliseconds(29_999)) == .wait(until: .seconds(480)))
        #expect(schedule.noteUnknownKey(at: .seconds(30)))
        #expect(schedule.next(at: .seconds(30)) == .read)
    }

    @Test func `a failed read starts the cooldown as well`() {
        let schedule = Subject.read()
        #expect(schedule.noteUnknownKey(at: .seconds(100)))
        #expect(schedule.next(at: .seconds(100)) == .read)
        schedule.end(succeeded: false, at: .seconds(105))
        #expect(!schedule.noteUnknownKey(at: .milliseconds(105_500)))
        #expect(schedule.next(at: .milliseconds(105_500)) == .wait(until: .seconds(106)))
    }

    @Test func `during a read, unknown keys wait for its end`() {
        let schedule = Subject.read()
        _ = schedule.noteUnknownKey(at: .seconds(100))
        #expect(schedule.next(at: .seconds(100)) == .read)
        for _ in 0..<100 { #expect(schedule.noteUnknownKey(at: .seconds(101))) }
        schedule.end(succeeded: true, at: .seconds(102))
        #expect(schedule.next(at: .seconds(102)) == .wait(until: .seconds(582)))
    }

    @Test func `an unknown key does not delay a read that is due anyway`() {
        let schedule = Subject.read()
        #expect(schedule.noteUnknownKey(at: .seconds(480)))
        #expect(schedule.next(at: .seconds(480)) == .read)
    }

    @Test func `any number of unknown keys starts at most one read in thirty seconds`() {
        let schedule = Subject.read()
        var beginnings: [Duration] = []
        for millisecond in stride(from: 0, to: 300_000, by: 10) {
            let now = Duration.milliseconds(millisecond)
            _ = schedule.noteUnknownKey(at: now)
            if schedule.next(at: now) == .read {
                beginnings.append(now)
                schedule.end(succeeded: true, at: now)
            }
        }
        #expect(beginnings == (1...9).map { .seconds($0 * 30) })
    }

    @Test func `a file is read every two seconds, regardless of unknown keys`() {
        let schedule = Subject(.file)
        #expect(schedule.next(at: .zero) == .read)
        schedule.end(succeeded: false, at: .zero, chance: 1)
        #expect(!schedule.noteUnknownKey(at: .seconds(100)))
        #expect(schedule.next(at: .seconds(1)) == .wait(until: .seconds(2)))
        #expect(schedule.next(at: .seconds(2)) == .read)
    }

    // MARK: Age

    @Test(arguments: [KeySetSchedule.Rules.download, .file])
    func `a set that cannot be read again is used for exactly a day`(rules: KeySetSchedule.Rules) {
        let schedule = Subject(rules)
        _ = schedule.next(at: .zero)
        schedule.end(succeeded: true, at: .seconds(1))
        let day = Duration.seconds(86_400)
        var now = Duration.seconds(1)
        var readCount = 0
        while now < day + .seconds(1) {
            switch schedule.next(at: now) {
            case .read:
                readCount += 1
                schedule.end(succeeded: false, at: now)
            case .wait(let moment): now = moment
            case .expire:
                Issue.record("expired at \(now)")
                return
            }
        }
        #expect(now == day + .seconds(1))
        #expect(readCount > 2000)
        #expect(schedule.next(at: now) == .expire)
        #expect(schedule.age(at: now) == day)
        // It expires once. Then reads are attempted again, and a success resets everything.
        #expect(schedule.next(at: now) != .expire)
        #expect(schedule.next(at: now + .seconds(30)) == .read)
        schedule.end(succeeded: true, at: now + .seconds(30))
        #expect(schedule.age(at: now + .seconds(31)) == .seconds(1))
        #expect(schedule.next(at: now + .seconds(30 + 86_400)) == .expire)
    }

    @Test func `a set that was never read has no age and does not expire`() {
        let schedule = Subject()
        _ = schedule.next(at: .zero)
        schedule.end(succeeded: false, at: .zero)
        #expect(schedule.age(at: .seconds(200_000)) == nil)
        #expect(schedule.next(at: .seconds(200_000)) == .read)
    }
}
