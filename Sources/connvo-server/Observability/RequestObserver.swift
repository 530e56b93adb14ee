internal import ConvexAPI
internal import Domain
internal import Logging
internal import Metrics
internal import Persistence
internal import Text

/// Writes log lines and metrics for requests.
///
/// Issued tokens are counted and not logged: the database has a row for each. No line contains a token, a secret or
/// personal data.
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

    /// A request failed with docs/errors.md, rows 1 to 4. The log has the cause, which the response does not tell.
    ///
    /// - Parameters:
    ///   - cause: A slug from a closed list.
    ///   - issuer: The `iss` of a verified token that is refused for it. It can hold any text.
    func authenticationFailed(cause: String, issuer: String? = nil, requestID: String) {
        count("connvo_authentication_failures_total", ("cause", cause))
        throttle.log(
            logger,
            .info,
            kind: cause,
            "Refused a bearer token",
            Self.metadata(cause: cause, issuer: issuer, requestID: requestID)
        )
    }

    private static func metadata(cause: String, issuer: String?, requestID: String) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["cause": "\(cause)", "request_id": "\(requestID)"]
        // Longer than the issuers of WorkOS, which have up to 80 characters.
        if let issuer { metadata["issuer"] = "\(issuer.safe(for: .message, limit: 255))" }
        return metadata
    }

    /// A request was refused with an error response before the engine decided it.
    func refused(_ error: ErrorResponse, requestID: String) {
        count("connvo_problems_total", ("code", error.code), ("status", "\(error.status)"))
        throttle.log(
            logger,
            error.status >= 500 ? .warning : .debug,
            kind: error.code,
            "Refused a request",
            ["code": "\(error.code)", "status": "\(error.status)", "request_id": "\(requestID)"]
        )
    }

    /// The engine decided a request, or could not decide it.
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

    /// Dimensions are from closed lists, so that the number of time series is bounded.
    private func count(_ label: String, _ dimensions: (String, String)...) {
        Counter(label: label, dimensions: dimensions, factory: metrics).increment()
    }
}
