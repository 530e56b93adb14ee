internal import Domain
internal import Logging
internal import Metrics
internal import NIOHTTP1
internal import Persistence

/// Makes logs and metrics of what happens to requests.
///
/// Success is counted and not logged: its record is in the database. No token, secret or personal data is in any line.
struct RequestObserver: Sendable {
    private let logger: Logger
    private let throttle = LogThrottle()
    private let issued = Counter(label: "connvo_tokens_issued_total")

    init(logger: Logger) {
        self.logger = logger
    }

    /// Rows 1 to 4: the cause is told apart here, not in the answer.
    ///
    /// - Parameter cause: A slug from a closed list.
    func authenticationFailed(cause: String, requestID: String) {
        Counter(label: "connvo_authentication_failures_total", dimensions: [("cause", cause)]).increment()
        throttle.log(
            logger, .info, kind: cause, "Refused a bearer token",
            ["cause": "\(cause)", "request_id": "\(requestID)"])
    }

    /// An answer with the error envelope that no decision stands behind.
    func refused(_ problem: Problem, requestID: String) {
        Counter(
            label: "connvo_problems_total",
            dimensions: [("code", problem.code), ("status", "\(problem.status.code)")]
        ).increment()
        throttle.log(
            logger, problem.status.code >= 500 ? .warning : .debug, kind: problem.code, "Refused a request",
            ["code": "\(problem.code)", "status": "\(problem.status.code)", "request_id": "\(requestID)"])
    }

    /// A decision, recorded or impossible.
    func answered(_ outcome: IssuanceOutcome, requestID: String) {
        switch outcome {
        case .issued:
            issued.increment()
        case .refused(let refusal):
            Counter(label: "connvo_refusals_total", dimensions: [("reason", refusal.reason)]).increment()
            throttle.log(
                logger, .info, kind: refusal.reason, "Refused a token",
                ["reason": "\(refusal.reason)", "request_id": "\(requestID)"])
        case .rateLimited:
            Counter(label: "connvo_rate_limited_total").increment()
        case .unavailable(let reason):
            Counter(label: "connvo_unavailable_total", dimensions: [("reason", reason.rawValue)]).increment()
            throttle.log(
                logger, .warning, kind: reason.rawValue, "Could not answer a request",
                ["reason": "\(reason.rawValue)", "request_id": "\(requestID)"])
        case .failed:
            Counter(label: "connvo_failures_total").increment()
        }
    }
}
