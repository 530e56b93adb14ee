internal import ConvexAPI
internal import Domain
internal import Persistence

/// A request and what it was answered: what an access line and the metrics of requests are made from.
struct AnsweredRequest: Sendable {
    /// How the request was decided.
    enum Result: Sendable {
        /// No call of the function was decided: a probe, a page, a preflight, a WebSocket.
        case page
        /// The caller could not be authenticated.
        case unauthenticated(AuthenticationFailure)
        /// Refused before the engine saw it.
        case rejected(ErrorResponse)
        case decided(IssuanceOutcome, caller: User.ID)
        /// Turned away before the caller was authenticated.
        case turnedAway(IssuanceOutcome.Unavailability)
    }

    let requestID: String
    /// Of the trace that the client's request belongs to; nil without a valid `traceparent`.
    let traceID: TraceID?
    let method: MethodLabel
    let route: RouteLabel
    let status: Int
    /// When the response was written, in nanoseconds of the monotonic clock.
    let answeredAt: UInt64
    /// From the end of the head until then, in nanoseconds.
    let duration: Int64
    /// How long it waited for a connection to the database, and how long the transaction of its batch took; zero for
    /// one that did not come so far.
    let timing: IssuanceTiming
    let result: Result

    /// How it ended, as one word from a closed list.
    var outcome: String {
        switch result {
        case .page: status < 400 ? "answered" : "rejected"
        case .unauthenticated: "unauthenticated"
        case .rejected: "rejected"
        case .decided(.issued, _): "issued"
        case .decided(.refused(let refusal), _): refusal.reason
        case .decided(.rateLimited, _): "rate_limited"
        case .decided(.unavailable(let reason), _), .turnedAway(let reason): reason.rawValue
        case .decided(.failed, _): "failed"
        }
    }
}
