package import Domain

/// A verified caller's request, with what the record of it keeps.
///
/// A class, because it goes through many hands and holds many strings: each copy of a struct would count up every one.
package final class IssuanceRequest: Sendable {
    package let admission: AdmissionRequest
    /// The one clock reading of this request: rules, record and token all use it.
    package let receivedAt: Timestamp
    /// The WorkOS session (`sid`).
    package let sessionID: String
    /// Who acts in the caller's name, where impersonation is allowed.
    package let impersonator: String?
    /// An IP address in text form, as PostgreSQL's `inet` reads it.
    package let clientIP: String?
    /// At most 256 characters.
    package let userAgent: String?
    package let requestID: String
    /// The trace that the client's request belongs to; nil when it sent no valid `traceparent`.
    package let traceID: TraceID?

    package init(
        admission: AdmissionRequest,
        receivedAt: Timestamp,
        sessionID: String,
        impersonator: String?,
        clientIP: String?,
        userAgent: String?,
        requestID: String,
        traceID: TraceID? = nil
    ) {
        self.admission = admission
        self.receivedAt = receivedAt
        self.sessionID = sessionID
        self.impersonator = impersonator
        self.clientIP = clientIP
        self.userAgent = userAgent
        self.requestID = requestID
        self.traceID = traceID
    }
}
