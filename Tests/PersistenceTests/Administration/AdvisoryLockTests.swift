import PostgreSQL
import TestSupport
import Testing

@testable import Persistence

@Suite struct AdvisoryLockTests {
    @Test func `a lock of the session is held until it is released`() async throws {
        try await withDatabase(.empty) { database in
            let lock = AdvisoryLock.migration
            var first = try database.connect()
            var second = try database.connect()

            #expect(try lock.acquire(patience: .zero, on: &first) { _ in } == .acquired)
            #expect(try lock.isHeld(on: &first))
            #expect(try lock.isHeld(on: &second) == false)
            var told: [AdvisoryLock.Holder?] = []
            let attempt = try lock.acquire(patience: .milliseconds(300), on: &second) { told.append($0) }

            let pid = first.backendPID
            guard case .held(let holder?) = attempt else {
                Issue.record("\(attempt)")
                return
            }
            #expect(holder.pid == pid)
            #expect(told == [holder])
            #expect("\(holder)".hasPrefix("pid \(pid), \"connvo-tests\", since 2"))
            lock.release(on: &first)
            #expect(try lock.acquire(patience: .zero, on: &second) { _ in } == .acquired)
        }
    }

    @Test func `a lock of the transaction ends with it`() async throws {
        try await withDatabase(.empty) { database in
            let lock = AdvisoryLock.seed
            var first = try database.connect()
            var second = try database.connect()
            try first.executeScript("BEGIN", deadline: .after(.seconds(10)))
            #expect(try lock.acquire(patience: .zero, on: &first) { _ in } == .acquired)

            guard case .held(let holder?) = try lock.acquire(patience: .zero, on: &second, onWait: { _ in }) else {
                Issue.record("two sessions have the lock")
                return
            }

            #expect("\(holder)".contains(", in a transaction since 2"))
            try first.executeScript("COMMIT", deadline: .after(.seconds(10)))
            #expect(try lock.acquire(patience: .zero, on: &second) { _ in } == .acquired)
        }
    }

    @Test func `migrators and seeds do not wait for one another`() async throws {
        try await withDatabase(.empty) { database in
            var first = try database.connect()
            var second = try database.connect()

            #expect(try AdvisoryLock.migration.acquire(patience: .zero, on: &first) { _ in } == .acquired)
            #expect(try AdvisoryLock.seed.acquire(patience: .zero, on: &second) { _ in } == .acquired)
        }
    }

    @Test func `each holder is told when waiting for it begins`() {
        let holders: [Int32?] = [1, 1, 2, nil, nil, 2]
        var left = holders[...]
        var told: [Int32?] = []
        func ask() -> AdvisoryLock.Attempt {
            guard let pid = left.popFirst() else { return .acquired }
            return .held(
                by: pid.map { AdvisoryLock.Holder(pid: $0, applicationName: "", since: nil, scope: .session) }
            )
        }

        let attempt = AdvisoryLock.Attempt.repeated(for: .seconds(60), onWait: { told.append($0?.pid) }, ask)

        #expect(attempt == .acquired)
        #expect(told == [1, 2, nil, 2])
    }
}
