package import Domain

/// What decides a request once its facts are read: the quota, then the rules of admission.
package struct IssuanceRules: Sendable {
    package let policy: AdmissionPolicy
    /// The quota of each user; 0 for none.
    package let requestsPerMinute: Int

    package enum Decision: Hashable, Sendable {
        /// docs/errors.md, row 17. `retryAfter` is in whole seconds, at least 1.
        case rateLimited(retryAfter: Int64)
        /// Rows 7 to 16.
        case refused(Refusal)
        case admitted(Admission)
    }

    package init(policy: AdmissionPolicy, requestsPerMinute: Int) {
        self.policy = policy
        self.requestsPerMinute = requestsPerMinute
    }

    /// - Parameter now: The one clock reading of the request.
    package func decide(_ request: AdmissionRequest, facts: RequestFacts, now: Timestamp) -> Decision {
        if case .refused(let retryAfter) = quota(facts, now: now) { return .rateLimited(retryAfter: retryAfter) }
        do {
            return .admitted(try policy.decide(request, facts: facts.admission, now: now))
        } catch {
            return .refused(error)
        }
    }

    /// The decision of the quota alone.
    package func quota(_ facts: RequestFacts, now: Timestamp) -> QuotaDecision {
        QuotaDecision(
            limit: requestsPerMinute,
            recordedRequests: facts.recentRequests,
            oldest: facts.oldestRecentRequest,
            now: now
        )
    }
}
