internal import ConvexAPI
internal import Domain
internal import JOSE
internal import NIOCore
internal import Persistence
internal import PostgreSQL

/// The use case: a verified caller asks for a token at either endpoint, and hears the decision after its record is
/// committed.
///
/// It reads what was sent and says what the request is told or what it waits for. It holds no state of a connection:
/// ``HTTPExchangeHandler`` asks it, and carries out what it says. No rule of admission is here.
///
/// A class, so that an evaluation that names it costs one reference.
final class TokenEndpoint: Sendable {
    /// How long a caller waits at most, for a key set and for the decision together.
    static let timeLimit: Duration = .seconds(5)

    let authentication: CallerAuthentication
    let keySet: KeySetRefresher
    let engine: IssuanceEngine
    private let rules: Replaceable<AccessRules>

    init(
        authentication: CallerAuthentication,
        keySet: KeySetRefresher,
        engine: IssuanceEngine,
        rules: Replaceable<AccessRules>
    ) {
        self.authentication = authentication
        self.keySet = keySet
        self.engine = engine
        self.rules = rules
    }

    /// Evaluates a complete request. The order of the checks is that of docs/errors.md.
    ///
    /// - Parameters:
    ///   - peer: The address of the client, or of its proxy.
    ///   - now: The one clock reading of this request: rules, record and token all use it.
    /// - Throws: What the request is refused for: rows 1 to 6, or the media type.
    func evaluate(
        _ exchange: HTTPExchange,
        peer: String?,
        now: Timestamp
    ) throws(ErrorResponse) -> Routes.Evaluation {
        guard exchange.fields.announcesJSON else { throw .unsupportedMediaType }
        let rules = rules.current
        let address = rules.trustedProxies.client(peer: peer, forwardedFor: exchange.fields.forwardedFor)
        let caller: BearerClaims
        do {
            caller = try authentication.authenticate(
                exchange.fields.authorization,
                address: address,
                throttle: rules.throttle,
                hasWaited: exchange.hasWaitedForTurn,
                now: now
            )
        } catch {
            if let turn = error.turn { return .awaitTurn(turn) }
            if let generation = error.unknownKeyGeneration, exchange.waitedForKeys == nil {
                return .awaitKeys(generation: generation, error, self)
            }
            throw exchange.refusal(error)
        }
        if case .unknownFunction(let path) = exchange.route {
            throw .functionNotFound(RunEndpoint.functionName(of: path))
        }
        let arguments = try exchange.route.endpoint.arguments(from: Array(buffer: exchange.body))
        return .issue(
            IssuanceRequest(
                admission: AdmissionRequest(
                    callerID: User.ID(rawValue: caller.subject),
                    meetingID: arguments.meetingID,
                    requestedRole: arguments.role
                ),
                receivedAt: now,
                sessionID: caller.sessionID,
                impersonator: caller.impersonator,
                clientIP: address,
                userAgent: exchange.fields.userAgent.map { $0.cut(at: 256) },
                requestID: exchange.requestID,
                traceID: exchange.fields.traceID
            ),
            self
        )
    }

    /// Hands a request to the engine.
    ///
    /// - Parameters:
    ///   - completionQueue: Where `completion` is called.
    ///   - completion: Called exactly once, later, if the engine takes the request, else never.
    /// - Returns: Nil if the engine has taken the request; ``HTTPExchange/pending`` is then to be abandoned when the
    ///   client goes away. Otherwise the outcome.
    func submit(
        _ request: IssuanceRequest,
        of exchange: HTTPExchange,
        completionQueue: EventLoopCompletionQueue,
        completion: @escaping @Sendable (IssuanceOutcome) -> Void
    ) -> IssuanceOutcome? {
        let waited = Duration.nanoseconds(exchange.waitedForKeys?.nanoseconds ?? 0)
        let pending = PendingIssuance(
            request,
            deadline: .after(Self.timeLimit - waited),
            completionQueue: completionQueue,
            completion: completion
        )
        exchange.pending = pending
        return engine.submit(pending)
    }
}

extension String {
    /// The first `limit` Unicode scalars, which is how PostgreSQL counts characters.
    fileprivate func cut(at limit: Int) -> String {
        // A string has no more scalars than bytes, and nearly all are short: no need to walk through them.
        utf8.count <= limit ? self : String(unicodeScalars.prefix(limit))
    }
}
