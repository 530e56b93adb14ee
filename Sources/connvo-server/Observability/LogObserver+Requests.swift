internal import ConvexAPI
internal import Domain
internal import Logging
internal import Persistence
internal import Text

extension LogObserver {
    /// The message of an access line.
    static let accessMessage: Logger.Message = "Answered a request"

    /// Writes the access line of a request: always for a refusal or a failure; for an issued token as far as
    /// ``SuccessSampling`` allows, because the database has a record of each, and for a request that was turned away
    /// unread at most ten a second, because all are alike; at `debug` for a probe or a page that succeeded.
    func log(_ request: AnsweredRequest) {
        switch request.result {
        case .decided(.issued, _):
            guard logger.logLevel <= .info,
                let suppressed = successes.suppressedLines(at: request.answeredAt)
            else { return }
            var metadata = metadata(request)
            if suppressed > 0 { metadata["suppressed"] = .stringConvertible(suppressed) }
            logger.info(Self.accessMessage, metadata: metadata)
        case .turnedAway:
            throttle.log(logger, .warning, kind: "overloaded", Self.accessMessage, metadata(request))
        case .page where request.status < 400:
            logger.debug(Self.accessMessage, metadata: metadata(request))
        default:
            let level: Logger.Level = Self.isFailure(request) ? .warning : .info
            logger.log(level: level, Self.accessMessage, metadata: metadata(request))
        }
    }

    /// Whether the fault is the server's.
    private static func isFailure(_ request: AnsweredRequest) -> Bool {
        switch request.result {
        case .decided(.unavailable, _), .decided(.failed, _), .turnedAway: true
        case .rejected(let error): error.status >= 500
        case .unauthenticated(let failure): failure.reason == .keysUnavailable
        case .page, .decided: false
        }
    }

    private func metadata(_ request: AnsweredRequest) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "request_id": "\(request.requestID)",
            "method": "\(request.method.rawValue)",
            "route": "\(request.route.rawValue)",
            "status": .stringConvertible(request.status),
            "outcome": "\(request.outcome)",
            "duration_ms": .stringConvertible(request.duration.milliseconds),
        ]
        if let trace = request.traceID { metadata["trace_id"] = "\(trace)" }
        switch request.result {
        case .page, .turnedAway: break
        case .rejected(let error):
            metadata["code"] = "\(error.code)"
        case .unauthenticated(let failure):
            metadata["cause"] = "\(failure.cause)"
            // Longer than the issuers of WorkOS, which have up to 80 characters.
            if let issuer = failure.issuer { metadata["issuer"] = "\(issuer.safe(for: .message, limit: 255))" }
        case .decided(_, let caller):
            metadata["queue_ms"] = .stringConvertible(request.timing.queued.milliseconds)
            metadata["database_ms"] = .stringConvertible(request.timing.inDatabase.milliseconds)
            metadata["user"] = "\(pseudonym(caller))"
        }
        return metadata
    }
}
