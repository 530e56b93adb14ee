/// When requests are taken, gathered into batches, and turned away: the constants of ``BatchScheduler``.
package struct BatchRules: Sendable {
    /// The most requests that share one transaction.
    package var maximumBatchSize = 128
    /// Full batches that take longer than this are tried smaller (``BatchSizing``): requests wait for one batch and are
    /// part of another within a quarter of a second.
    package var batchTarget: Duration = .milliseconds(80)
    /// The part of the requests a second that smaller batches must decide to stay smaller: under load each connection is
    /// asked for more than it decides anyway, and those that it does decide are to be decided soon.
    package var leastThroughputOfSmaller = 0.55
    /// Batches are not made smaller than this.
    package var leastBatchLimit = 8
    /// How long batches keep their size after smaller ones have decided less.
    package var batchSizeMemory: Duration = .seconds(10)
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
