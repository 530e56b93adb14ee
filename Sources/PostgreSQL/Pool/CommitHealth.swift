/// Whether COMMITs are acknowledged, judged by those that were given up.
///
/// A server whose synchronous standby is away accepts connections and answers every statement but COMMIT. When as many
/// COMMITs as the pool has connections were given up, and none was acknowledged in between, COMMIT is *stalled*, until
/// one is acknowledged.
///
/// Each COMMIT that was given up occupies a backend until the server has ended it. They are counted, so that the pool
/// does not fill the server with them.
package struct CommitHealth: Equatable, Sendable {
    private let limit: Int
    /// COMMITs that were given up and that the server has not ended.
    package private(set) var abandoned = 0
    /// COMMITs that were given up since the last one that was acknowledged.
    package private(set) var abandonedInRow = 0

    /// - Parameter limit: How many in a row are a stall.
    init(limit: Int) {
        self.limit = limit
    }

    package var isStalled: Bool { abandonedInRow >= limit }

    /// A COMMIT was acknowledged in time.
    mutating func acknowledged() {
        abandonedInRow = 0
    }

    /// A COMMIT was not acknowledged in time.
    mutating func gaveUp() {
        abandoned += 1
        abandonedInRow += 1
    }

    /// The server has ended a COMMIT that was given up, with or without success, or its connection broke.
    mutating func ended() {
        abandoned -= 1
    }
}
