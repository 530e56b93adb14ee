package import PostgreSQL
internal import Synchronization

/// One request on its way through the engine, and where its answer goes.
package final class PendingIssuance: Sendable {
    package let request: IssuanceRequest
    /// When the caller is owed an answer.
    let deadline: Deadline
    let replies: any IssuanceReplies
    /// Called with the outcome, exactly once, in the context of `replies`.
    package let complete: @Sendable (IssuanceOutcome) -> Void
    private let isAbandonedFlag = Atomic<Bool>(false)
    private let hasBeenReturnedFlag = Atomic<Bool>(false)

    package init(
        _ request: IssuanceRequest,
        deadline: Deadline,
        replies: any IssuanceReplies,
        complete: @escaping @Sendable (IssuanceOutcome) -> Void
    ) {
        self.request = request
        self.deadline = deadline
        self.replies = replies
        self.complete = complete
    }

    /// Says that nobody waits any more. A request that was not sent yet is dropped without a record; one that was
    /// keeps its record.
    package func abandon() {
        isAbandonedFlag.store(true, ordering: .relaxed)
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

/// Where outcomes are handed over: one object for each context that callers live in, such as an event loop.
///
/// The engine hands over all outcomes of a batch that belong to one context at once, so that a batch costs one hop a
/// context and not one a request.
package protocol IssuanceReplies: AnyObject, Sendable {
    /// Calls `complete` of each request with its outcome. Called on a thread of the engine; must not block.
    func deliver(_ answered: [(PendingIssuance, IssuanceOutcome)])
}
