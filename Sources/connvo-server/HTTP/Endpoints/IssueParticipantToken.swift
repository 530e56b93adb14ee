internal import Domain
internal import JOSE
internal import Persistence
internal import PostgreSQL

/// The use case: a verified caller asks for a token, and hears the decision after its record is committed.
///
/// Doors call it with what they have read; the engine decides and records.
struct IssueParticipantToken: Sendable {
    let engine: IssuanceEngine
    /// How long a caller is made to wait at most.
    let timeLimit: Duration

    /// Who asks, from where, and by which request.
    struct Context {
        let caller: BearerClaims
        let clientIP: String?
        let userAgent: String?
        let requestID: String
        let receivedAt: Timestamp
        /// What the caller has waited already, and does not wait once more.
        var waited: Duration = .zero
    }

    enum Submission {
        case taken(PendingIssuance)
        /// Nothing more will come.
        case answered(IssuanceOutcome, IssuanceRequest)
    }

    /// Hands the request to the engine.
    ///
    /// - Parameters:
    ///   - completionQueue: Where `completion` is called.
    ///   - completion: Called exactly once, later, if the request is taken.
    /// - Returns: The request on its way, to be abandoned when the caller goes away, or an outcome that needed no wait.
    func callAsFunction(
        meeting: Meeting.ID,
        role: Role?,
        context: Context,
        completionQueue: any CompletionQueue,
        completion: @escaping @Sendable (IssuanceOutcome) -> Void
    ) -> Submission {
        let request = IssuanceRequest(
            admission: AdmissionRequest(
                callerID: User.ID(rawValue: context.caller.subject),
                meetingID: meeting,
                requestedRole: role
            ),
            receivedAt: context.receivedAt,
            sessionID: context.caller.sessionID,
            impersonator: context.caller.impersonator,
            clientIP: context.clientIP,
            userAgent: context.userAgent.map { $0.cut(at: 256) },
            requestID: context.requestID
        )
        let pending = PendingIssuance(
            request,
            deadline: .after(timeLimit - context.waited),
            completionQueue: completionQueue,
            completion: completion
        )
        if let outcome = engine.submit(pending) { return .answered(outcome, request) }
        return .taken(pending)
    }
}

extension String {
    /// The first `limit` Unicode scalars, which is how PostgreSQL counts characters.
    fileprivate func cut(at limit: Int) -> String {
        // A string has no more scalars than bytes, and nearly all are short: no need to walk through them.
        utf8.count <= limit ? self : String(unicodeScalars.prefix(limit))
    }
}
