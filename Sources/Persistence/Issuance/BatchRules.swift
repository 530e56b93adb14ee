/// When requests are taken, gathered into batches, and turned away: the constants of ``BatchScheduler``.
package struct BatchRules: Sendable {
    /// The most requests that share one transaction.
    package var maximumBatchSize = 128
    /// How long a request waits for others to join it while a larger batch is in flight and a connection is free. The
    /// time is looked at when something happens and every 50 ms, so that it matters only when the batch in flight takes
    /// unusually long.
    package var gatheringLimit: Duration = .milliseconds(5)
    /// The most requests that wait; more are refused at once.
    package var maximumQueueLength = 1024
    /// How long a request waits for a connection before it is refused, its waits before and after a connection that
    /// broke taken together. A database that has been away for as long is not
    /// waited for: new requests are refused at once.
    package var maximumWait: Duration = .seconds(1)
    /// New requests are refused at once when the first in the queue has waited for longer than this.
    package var sheddingWait: Duration = .milliseconds(500)

    /// The least time until its deadline with which a request is worked on. With less it is refused, because a batch
    /// has the earliest deadline of its requests.
    package var minimumTime: Duration = .milliseconds(250)

    package init() {}
}
