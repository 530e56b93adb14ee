import Foundation
import TestSupport
import Testing

@Suite struct OwnThreadTests {
    @Test func `more blocked bodies than cores do not stop each other`() async throws {
        let count = ProcessInfo.processInfo.activeProcessorCount * 4
        let barrier = NSCondition()
        nonisolated(unsafe) var arrived = 0  // Guarded by the condition.

        try await withThrowingTaskGroup { group in
            for _ in 0..<count {
                group.addTask {
                    try await onOwnThread {
                        barrier.lock()
                        defer { barrier.unlock() }
                        arrived += 1
                        barrier.broadcast()
                        while arrived < count {
                            guard barrier.wait(until: Date(timeIntervalSinceNow: 20)) else {
                                Issue.record("only \(arrived) of \(count) bodies ran at once")
                                return
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `what is expected there counts for the test`() async throws {
        let name = try await onOwnThread { Test.current?.name }

        #expect(name?.contains("what is expected there counts for the test") == true)
    }
}
