/// How long a request was at each station of the engine; zero for those that it did not reach.
package struct IssuanceTiming: Hashable, Sendable {
    /// It waited for a connection, over all attempts.
    package var queued: Duration = .zero
    /// From the first byte sent for its batch to the acknowledged COMMIT.
    package var inDatabase: Duration = .zero

    package init() {}
}
