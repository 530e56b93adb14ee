internal import ConvexAPI
internal import Domain
internal import JOSE
internal import Logging
internal import Persistence
internal import Text

extension LogObserver {
    /// The message of an access line.
    static let accessMessage: Logger.Message = "Answered a request"

    /// Writes the access line of a request: always for a refusal or a failure; for an issued token as far as the limit
    /// of a second allows, because the database has a record of each; at `debug` for a probe or a page that succeeded.
    func log(_ request: AnsweredRequest) {
        switch request.result {
        case .decided(.issued, _):
            successes.log(logger, .info, kind: "issued", Self.accessMessage, Self.metadata(request))
        case .page where request.status < 400:
            logger.debug(Self.accessMessage, metadata: Self.metadata(request))
        default:
            let level: Logger.Level = Self.isFailure(request) ? .warning : .info
            logger.log(level: level, Self.accessMessage, metadata: Self.metadata(request))
        }
    }

    /// Whether the fault is the server's.
    private static func isFailure(_ request: AnsweredRequest) -> Bool {
        switch request.result {
        case .decided(.unavailable, _), .decided(.failed, _): true
        case .rejected(let error): error.status >= 500
        case .unauthenticated(let failure): failure.reason == .keysUnavailable
        case .page, .decided: false
        }
    }

    private static func metadata(_ request: AnsweredRequest) -> Logger.Metadata {
        var metadata: Logger.Metadata = [
            "request_id": "\(request.requestID)",
            "method": "\(request.method.rawValue)",
            "route": "\(request.route.rawValue)",
            "status": .stringConvertible(request.status),
            "outcome": "\(request.outcome)",
            "duration_ms": request.duration.logged,
        ]
        if let trace = request.traceID { metadata["trace_id"] = "\(trace)" }
        switch request.result {
        case .page: break
        case .rejected(let error):
            metadata["code"] = "\(error.code)"
        case .unauthenticated(let failure):
            metadata["cause"] = "\(failure.cause)"
            // Longer than the issuers of WorkOS, which have up to 80 characters.
            if let issuer = failure.issuer { metadata["issuer"] = "\(issuer.safe(for: .message, limit: 255))" }
        case .decided(_, let caller):
            metadata["queue_ms"] = request.timing.queued.logged
            metadata["database_ms"] = request.timing.inDatabase.logged
            metadata["user"] = "\(pseudonym(of: caller))"
        }
        return metadata
    }

    /// Tells the lines of one user from those of others without naming the user: the first half of the SHA-256 of the
    /// id, in hexadecimal.
    private static func pseudonym(of user: User.ID) -> String {
        Hexadecimal.encode(SHA256.hash(Array(user.rawValue.utf8)).prefix(16))
    }
}

extension Int64 {
    /// Nanoseconds as a number of the log line, in milliseconds with at most three decimals.
    fileprivate var logged: Logger.MetadataValue { .stringConvertible(Double(Swift.max(0, self / 1000)) / 1000) }
}
