package import Domain

/// What the database knows about one request.
package struct RequestFacts: Sendable {
    package var admission: AdmissionFacts
    /// Records of the caller in the last minute; 0 when no quota is asked for.
    package var recentRequests: Int64
    /// When the oldest of these was made; nil when there is none.
    package var oldestRecentRequest: Timestamp?
}
