/// How long a request was at each station of the engine, in nanoseconds; 0 for those that it did not reach.
package struct IssuanceTiming: Hashable, Sendable {
    /// It waited for a connection, over all attempts.
    package var queued: Int64 = 0
    /// From the first byte sent for its batch to the acknowledged COMMIT.
    package var inDatabase: Int64 = 0

    package init() {}
}
