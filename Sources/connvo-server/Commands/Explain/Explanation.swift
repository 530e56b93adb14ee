internal import ConvexAPI
internal import Domain
internal import Persistence

/// What the endpoint would tell a caller, and what each rule says.
struct Explanation: Sendable {
    let inquiry: AdmissionInquiry
    let rules: IssuanceRules
    let settings: [ExplainSettings.Value]
    /// Whether the clock reading is that of the command, and not `--at`.
    let isAtPresent: Bool
    let decision: IssuanceRules.Decision

    init(_ inquiry: AdmissionInquiry, settings: ExplainSettings, isAtPresent: Bool) {
        self.inquiry = inquiry
        rules = settings.rules
        self.settings = settings.values
        self.isAtPresent = isAtPresent
        decision = rules.decide(inquiry.request, facts: inquiry.facts, now: inquiry.at)
    }

    var facts: AdmissionFacts { inquiry.facts.admission }

    var isAdmission: Bool {
        if case .admitted = decision { true } else { false }
    }

    /// What the endpoint responds; nil for a token.
    var response: ErrorResponse? {
        switch decision {
        case .admitted: nil
        case .refused(let refusal): ErrorResponse(refusal, of: inquiry.request)
        case .rateLimited(let retryAfter):
            .rateLimited(perMinute: rules.requestsPerMinute, retryAfter: retryAfter)
        }
    }

    /// The reason in the record; for the quota, which leaves none, a name of its own.
    var reason: String? {
        switch decision {
        case .admitted: nil
        case .refused(let refusal): refusal.reason
        case .rateLimited: RuleStep.quotaReason
        }
    }

    /// The rules in the order in which they are applied, the quota first.
    var steps: [RuleStep] {
        let judgements = AdmissionPolicy.rules.map { rule in
            (
                rule: rule,
                judgement: rules.policy.judge(rule, inquiry.request, facts: facts, now: inquiry.at)
            )
        }
        let decides = reason
        return [quotaStep]
            + judgements.map { rule, judgement in
                RuleStep(
                    row: rule.row,
                    reason: rule.rawValue,
                    verdict: RuleStep.Verdict(judgement),
                    decides: decides == rule.rawValue,
                    requirement: requirement(of: rule),
                    found: found(by: rule),
                    remedy: RuleStep.Verdict(judgement) == .refuses ? remedy(for: rule) : nil
                )
            }
    }

    private var quotaStep: RuleStep {
        let limit = rules.requestsPerMinute
        let count = inquiry.facts.recentRequests
        var remedy: String?
        if case .refused(let retryAfter) = rules.quota(inquiry.facts, now: inquiry.at) {
            remedy = "Wait \(retryAfter) s. If a client repeats requests by itself, correct the client."
        }
        return RuleStep(
            row: 17,
            reason: RuleStep.quotaReason,
            verdict: remedy == nil ? .passes : .refuses,
            decides: reason == RuleStep.quotaReason,
            requirement: "the user has requests left in this minute",
            found: limit == 0
                ? "TOKENS_PER_MINUTE is 0: no limit"
                : "\(count) of \(limit) requests recorded in the minute before",
            remedy: remedy
        )
    }

    /// All subscriptions that were read, with the first obstacle of each.
    var subscriptions: [(subscription: Subscription, obstacle: Subscription.Obstacle?)] {
        guard let meeting = facts.meeting else { return [] }
        let decisive = facts.subscriptions.filter { known in
            !inquiry.context.subscriptions.contains { $0.id == known.id }
        }
        return (decisive + inquiry.context.subscriptions).map { subscription in
            let obstacle = subscription.obstacle(
                toPayingFor: meeting,
                at: inquiry.at,
                pastDueGrace: rules.policy.pastDueGrace
            )
            return (subscription, obstacle)
        }
    }
}

/// One rule of an ``Explanation``.
struct RuleStep: Sendable {
    /// Raw values are those of `--json`.
    enum Verdict: String, Sendable {
        case passes, refuses
        /// The facts are missing that the rule reads.
        case notJudged = "not_judged"

        init(_ judgement: AdmissionPolicy.Judgement) {
            switch judgement {
            case .passes: self = .passes
            case .refuses: self = .refuses
            case .notJudged: self = .notJudged
            }
        }
    }

    /// Stands for the quota, whose refusals are not recorded.
    static let quotaReason = "rate_limited"

    /// The row of docs/errors.md.
    let row: Int
    let reason: String
    let verdict: Verdict
    /// Whether it is the first that refuses.
    let decides: Bool
    /// What the rule demands.
    let requirement: String
    /// What it found.
    let found: String
    /// What would have to change; nil unless it refuses.
    let remedy: String?
}
