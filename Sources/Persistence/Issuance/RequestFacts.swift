package import Domain

/// What the database knows about one request.
///
/// A class, because decision and record share it: each copy of a struct would count up every one of its strings.
package final class RequestFacts: Sendable {
    package let admission: AdmissionFacts
    /// Records of the caller in the last minute; 0 when no quota is asked for.
    package let recentRequests: Int64
    /// When the oldest of these was made; nil when there is none.
    package let oldestRecentRequest: Timestamp?

    init(admission: AdmissionFacts, recentRequests: Int64, oldestRecentRequest: Timestamp?) {
        self.admission = admission
        self.recentRequests = recentRequests
        self.oldestRecentRequest = oldestRecentRequest
    }
}
