/// Tells, by time, a queue that has grown because more requests come than the database decides from one that has grown
/// because the database decides none, and says how many requests may wait.
///
/// As in CoDel, a queue is judged by how long it stands and not by its length (Nichols, Jacobson: RFC 8289, sections 3
/// and 4): a burst goes by, and a queue that no batch empties for ``BatchRules/standingInterval`` is one to which more
/// come than go. CoDel then drops the oldest. Here a request that waits was promised an outcome, so new ones are refused
/// at once, and what waits is at most one full batch for each connection: more would make requests wait, and no batch
/// larger. Less would go on refusing load that is no overload, where connections become free together. So a request waits
/// for as long as one batch takes, which ``BatchSizing`` sees to. Without any batch the queue says nothing about load, and
/// requests wait for a database that restarts (decision 0020).
struct QueueControl: Sendable {
    typealias Instant = ContinuousClock.Instant

    private enum State {
        /// The last batch took all that waited.
        case calm
        /// No batch has since then taken all that waited, or would have without refusals.
        case standing(since: Instant)
        /// It has stood for so long that new requests are refused. `last` is the last batch that left some behind.
        case overloaded(last: Instant)
    }

    private let rules: BatchRules
    private var state = State.calm
    /// Whether requests were refused since the last batch because too many waited.
    private var hasRefused = false
    /// Since when requests have come and no connection was free; nil when one was.
    private var stuckSince: Instant?

    init(rules: BatchRules) {
        self.rules = rules
    }

    /// How many requests may wait for so many connections, which take so many at once. Another one is refused at once.
    func capacity(connections: Int, batchSize: Int) -> Int {
        guard case .overloaded = state else { return rules.maximumQueueLength }
        return min(max(connections, 1) * batchSize, rules.maximumQueueLength)
    }

    /// Whether every connection has been in use, or there was none, for longer than a request waits.
    func isStuck(now: Instant) -> Bool {
        stuckSince.map { $0.duration(to: now) >= rules.maximumWait } ?? false
    }

    /// A request waits.
    mutating func queued(now: Instant) {
        stuckSince = stuckSince ?? now
    }

    /// A request was refused because of ``capacity(connections:batchSize:)``.
    mutating func refused() {
        hasRefused = true
    }

    /// A connection is free.
    mutating func connectionIsFree() {
        stuckSince = nil
    }

    /// A connection has taken a batch of what waited.
    ///
    /// - Parameter leavesSome: Whether more waited than a batch can take.
    mutating func batchTaken(leavesSome: Bool, now: Instant) {
        stuckSince = leavesSome ? now : nil
        let wasTooSmall = leavesSome || hasRefused
        hasRefused = false
        switch state {
        case .calm:
            if wasTooSmall { state = .standing(since: now) }
        case .standing(let since):
            if !wasTooSmall {
                state = .calm
            } else if since.duration(to: now) >= rules.standingInterval {
                state = .overloaded(last: now)
            }
        case .overloaded(let last):
            if wasTooSmall {
                state = .overloaded(last: now)
            } else if last.duration(to: now) >= rules.overloadMemory {
                state = .calm
            }
        }
    }
}
