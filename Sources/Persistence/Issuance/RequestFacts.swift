internal import Domain

/// What the database knows about one request.
struct RequestFacts {
    let admission: AdmissionFacts
    /// Records of the caller in the last minute; 0 when no quota is asked for.
    let recentRequests: Int64
    /// When the oldest of these was made; nil when there is none.
    let oldestRecentRequest: Timestamp?
}
