import Synchronization
import Testing

@testable import connvo_server

/// A source of key sets whose results and their times a test decides.
final class ScriptedKeySet: KeySetSource {
    typealias Answer = Result<[UInt8], KeySetFailure>

    private struct State: Sendable {
        var count = 0
        var pending: [CheckedContinuation<Answer, Never>] = []
        var hasEnded = false
    }

    let name = "scripted"
    let rules: KeySetSchedule.Rules
    private let state = Mutex(State())

    init(_ rules: KeySetSchedule.Rules) {
        self.rules = rules
    }

    /// How many reads have started.
    var count: Int { state.withLock { $0.count } }

    var isBeingRead: Bool { state.withLock { !$0.pending.isEmpty } }

    func read() async throws(KeySetFailure) -> [UInt8] {
        let answer = await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                state.count += 1
                if !state.hasEnded { state.pending.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume(returning: .failure(.timedOut)) }
        }
        return try answer.get()
    }

    /// Waits for a read, and then ends all reads in progress with this result.
    func answer(_ answer: Answer) async throws {
        try await eventually { self.isBeingRead }
        release(answer)
    }

    /// Ends all current and future reads with a failure.
    func end() {
        state.withLock { $0.hasEnded = true }
        release(.failure(.timedOut))
    }

    private func release(_ answer: Answer) {
        let pending = state.withLock { state in
            defer { state.pending = [] }
            return state.pending
        }
        for continuation in pending { continuation.resume(returning: answer) }
    }
}
