/// When requests are taken, gathered into batches, and turned away: the constants of ``BatchScheduler``.
package struct BatchRules: Sendable {
    /// The most requests that share one transaction.
    package var maximumBatchSize = 128
    /// How long a batch should take at most (``BatchSizing``). A request waits for about one batch and is part of another;
    /// with what differs from batch to batch it is answered within a quarter of a second.
    package var batchTarget: Duration = .milliseconds(70)
    /// The part of the requests a second of full batches that smaller ones must decide.
    package var leastThroughputOfSmaller = 0.55
    /// The part of the time of a full batch that its requests, and not the batch, must take for smaller ones to be worth
    /// their cost.
    package var leastShareOfRequests = 0.6
    /// Batches are not made smaller than this.
    package var leastBatchLimit = 2
    /// While full batches take too long, one of so many is tried with half the size.
    package var batchesBetweenTrials = 100
    /// The same where requests take the time, and a batch still takes half more than ``batchTarget``.
    package var batchesBetweenTrialsOfLongOnes = 5
    /// How long a request waits for others to join it while a larger batch is in flight and a connection is free. The
    /// time is looked at when something happens and every 50 ms, so that it matters only when the batch in flight takes
    /// unusually long.
    package var gatheringLimit: Duration = .milliseconds(5)
    /// The most requests that wait; more are refused at once. While there is more load than the database takes, fewer:
    /// ``QueueControl/capacity(connections:batchSize:)``.
    package var maximumQueueLength = 1024
    /// How long a request waits for a connection before it is refused, its waits before and after a connection that
    /// broke taken together. A database that has been away for as long, or that has kept every connection busy for as
    /// long, is not waited for: new requests are refused at once.
    package var maximumWait: Duration = .seconds(1)
    /// A queue that no batch has emptied for this long stands because of load: CoDel's interval, and its value
    /// (RFC 8289, section 4.3).
    package var standingInterval: Duration = .milliseconds(100)
    /// How long after the last batch that left requests behind the queue is still kept short, so that load that lasts is
    /// not let in every ``standingInterval``.
    package var overloadMemory: Duration = .seconds(1)

    /// The least time until its deadline with which a request is worked on. With less it is refused, because a batch
    /// has the earliest deadline of its requests.
    package var minimumTime: Duration = .milliseconds(250)

    package init() {}
}
