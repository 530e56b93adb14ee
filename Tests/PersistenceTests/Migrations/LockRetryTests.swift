import Testing

@testable import Persistence

@Suite struct LockRetryTests {
    @Test(arguments: [(1, 500), (2, 1000), (3, 2000), (7, 30_000), (10, 30_000)])
    func `pauses double up to the longest, and vary by half`(attempt: Int, longest: Int) {
        let pauses = (0..<200).map { _ in LockRetry().pause(after: attempt) }

        #expect(pauses.allSatisfy { (.milliseconds(longest / 2)...(.milliseconds(longest))).contains($0) })
        #expect(Set(pauses).count > 100)
    }

    @Test func `the timeout is written as PostgreSQL reads it, and never as "wait for ever"`() {
        #expect(LockRetry(lockTimeout: .milliseconds(1500)).lockTimeoutSetting == "1500ms")
        #expect(LockRetry(lockTimeout: .microseconds(1)).lockTimeoutSetting == "1ms")
    }
}
