import Testing

@testable import Persistence

@Suite struct LockRetryTests {
    @Test(arguments: [(1, 200), (2, 400), (3, 800), (7, 4000), (10, 4000)])
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
