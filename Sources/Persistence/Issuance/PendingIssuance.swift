package import PostgreSQL
internal import Synchronization

/// One request on its way through the engine, and how its caller hears of the outcome.
package final class PendingIssuance: Sendable {
    package let request: IssuanceRequest
    /// When the caller is owed an outcome.
    let deadline: Deadline
    let completionQueue: any CompletionQueue
    let completion: @Sendable (IssuanceOutcome) -> Void
    private let isAbandonedFlag = Atomic<Bool>(false)
    /// In nanoseconds.
    private let queued = Atomic<Int64>(0)
    private let inDatabase = Atomic<Int64>(0)
    private let hasBeenReturnedFlag = Atomic<Bool>(false)

    /// - Parameters:
    ///   - deadline: When the caller is owed an outcome.
    ///   - completionQueue: Where `completion` is called.
    ///   - completion: Called with the outcome, exactly once if the engine takes the request, else never.
    package init(
        _ request: IssuanceRequest,
        deadline: Deadline,
        completionQueue: any CompletionQueue,
        completion: @escaping @Sendable (IssuanceOutcome) -> Void
    ) {
        self.request = request
        self.deadline = deadline
        self.completionQueue = completionQueue
        self.completion = completion
    }

    /// Says that the caller is gone. A request that was not sent yet is dropped without a record and without a
    /// completion; one that was keeps its record.
    package func abandon() {
        isAbandonedFlag.store(true, ordering: .relaxed)
    }

    /// How long the request was at each station. Complete when `completion` is called.
    package var timing: IssuanceTiming {
        var timing = IssuanceTiming()
        timing.queued = queued.load(ordering: .relaxed)
        timing.inDatabase = inDatabase.load(ordering: .relaxed)
        return timing
    }

    /// Notes how long the request waited and how long its transaction took, in nanoseconds, before its outcome is handed
    /// over.
    func note(queued: Int64, inDatabase: Int64) {
        self.queued.store(queued, ordering: .relaxed)
        self.inDatabase.store(inDatabase, ordering: .relaxed)
    }

    var isAbandoned: Bool {
        isAbandonedFlag.load(ordering: .relaxed)
    }

    /// Notes that the connection broke before anything of this request was recorded. True the first time: it may be
    /// tried once more. Not again, so that a request that breaks connections cannot go round for ever.
    func mayBeTriedAgain() -> Bool {
        !hasBeenReturnedFlag.exchange(true, ordering: .relaxed) && !deadline.hasPassed
    }
}
