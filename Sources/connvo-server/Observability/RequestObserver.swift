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
    private let metrics: any MetricsFactory
    private let issued: Counter

    init(logger: Logger, metrics: any MetricsFactory = MetricsSystem.factory) {
        self.logger = logger
        self.metrics = metrics
        issued = Counter(label: "connvo_tokens_issued_total", dimensions: [], factory: metrics)
    }

    /// Rows 1 to 4: the cause is told apart here, not in the answer.
    ///
    /// - Parameter cause: A slug from a closed list.
    func authenticationFailed(cause: String, requestID: String) {
        count("connvo_authentication_failures_total", ("cause", cause))
        throttle.log(
            logger,
            .info,
            kind: cause,
            "Refused a bearer token",
            ["cause": "\(cause)", "request_id": "\(requestID)"]
        )
    }

    /// An answer with the error envelope that no decision stands behind.
    func refused(_ problem: Problem, requestID: String) {
        count("connvo_problems_total", ("code", problem.code), ("status", "\(problem.status.code)"))
        throttle.log(
            logger,
            problem.status.code >= 500 ? .warning : .debug,
            kind: problem.code,
            "Refused a request",
            ["code": "\(problem.code)", "status": "\(problem.status.code)", "request_id": "\(requestID)"]
        )
    }

    /// A decision, recorded or impossible.
    func answered(_ outcome: IssuanceOutcome, requestID: String) {
        switch outcome {
        case .issued:
            issued.increment()
        case .refused(let refusal):
            count("connvo_refusals_total", ("reason", refusal.reason))
            throttle.log(
                logger,
                .info,
                kind: refusal.reason,
                "Refused a token",
                ["reason": "\(refusal.reason)", "request_id": "\(requestID)"]
            )
        case .rateLimited:
            count("connvo_rate_limited_total")
        case .unavailable(let reason):
            count("connvo_unavailable_total", ("reason", reason.rawValue))
            throttle.log(
                logger,
                .warning,
                kind: reason.rawValue,
                "Could not answer a request",
                ["reason": "\(reason.rawValue)", "request_id": "\(requestID)"]
            )
        case .failed:
            count("connvo_failures_total")
        }
    }

    /// Dimensions come from closed lists, so that the number of series is bounded.
    private func count(_ label: String, _ dimensions: (String, String)...) {
        Counter(label: label, dimensions: dimensions, factory: metrics).increment()
    }
}
