/// Whether the quota admits a request.
package enum QuotaDecision: Equatable, Sendable {
    case admitted
    /// Whole seconds until the oldest counted request leaves the window, at least 1.
    case refused(retryAfter: Int64)

    /// Decides with the rows in the database, which include requests that other or earlier processes admitted.
    ///
    /// - Parameters:
    ///   - limit: The most requests in one ``QuotaWindow/length``; 0 for no limit.
    ///   - recordedRequests: How many requests of the caller were recorded in the last ``QuotaWindow/length``.
    ///   - oldest: When the oldest of these was recorded; nil when there is none.
    package init(limit: Int, recordedRequests: Int64, oldest: Timestamp?, now: Timestamp) {
        guard limit > 0, recordedRequests >= Int64(limit) else {
            self = .admitted
            return
        }
        guard let oldest else {
            self = .refused(retryAfter: 1)
            return
        }
        let leavesAt = oldest + QuotaWindow.length
        let left = leavesAt.microsecondsSinceEpoch - now.microsecondsSinceEpoch
        self = .refused(retryAfter: max(1, (left + 999_999) / 1_000_000))
    }
}
