/// The rules of admission, as a pure function of facts, request and time.
///
/// ``rules`` is their one declaration. ``decide(_:facts:now:)`` stops at the first rule that refuses; an explanation asks
/// ``judge(_:_:facts:now:)`` about each. SQL only fetches facts; no other code applies a rule to them.
///
/// ```swift
/// let policy = AdmissionPolicy(earlyJoinWindow: .seconds(600))
/// let admission = try policy.decide(request, facts: facts, now: now)
/// ```
package struct AdmissionPolicy: Hashable, Sendable {
    /// The Stream role of each role. A role that is missing here never gets a token.
    package let streamRoles: [Role: String]
    /// The same, by rank: each request asks twice.
    private let streamRolesByRank: [String?]
    /// How long before `scheduledAt` a scheduled meeting opens; nil means that it is always open.
    package let earlyJoinWindow: Duration?
    /// How long a subscription whose payment is late still pays for meetings.
    package let pastDueGrace: Duration
    package let requestedRoleRule: RequestedRoleRule

    package init(
        streamRoles: [Role: String] = Self.defaultStreamRoles,
        earlyJoinWindow: Duration? = nil,
        pastDueGrace: Duration = .days(7),
        requestedRoleRule: RequestedRoleRule = .lower
    ) {
        self.streamRoles = streamRoles
        streamRolesByRank = Role.allCases.map { streamRoles[$0] }
        self.earlyJoinWindow = earlyJoinWindow
        self.pastDueGrace = pastDueGrace
        self.requestedRoleRule = requestedRoleRule
    }

    /// Stream's predefined call roles. Observers have none, so they get no token.
    package static let defaultStreamRoles: [Role: String] = [
        .host: "host",
        .coHost: "moderator",
        .participant: "call_member",
    ]

    /// The rules in the order in which they apply, each by the reason that it refuses for: docs/errors.md, rows 7 to 16.
    package static let rules: [Refusal.Reason] = [
        .userNotProvisioned,
        .userDeactivated,
        .meetingNotFound,
        .notAParticipant,
        .participantRemoved,
        .meetingEnded,
        .meetingNotOpen,
        .tierRequired,
        .noStreamCall,
        .roleAboveOwn,
        .roleNotAdmitted,
    ]

    /// Decides one request.
    ///
    /// - Throws: The first ``Refusal`` in the order of ``rules``.
    package func decide(
        _ request: AdmissionRequest,
        facts: AdmissionFacts,
        now: Timestamp
    ) throws(Refusal) -> Admission {
        for rule in Self.rules {
            if case .refuses(let refusal) = judge(rule, request, facts: facts, now: now) { throw refusal }
        }
        guard let caller = facts.caller, let meeting = facts.meeting, let participation = facts.participation,
            let call = meeting.streamCall,
            let subscription = payer(for: meeting, among: facts.subscriptions, at: now),
            let streamRole = streamRolesByRank[role(for: request, held: participation.role).rank]
        else {
            // Each part has a rule that refuses what lacks it, so this is not reached.
            throw .roleNotAdmitted(.observer)
        }
        return Admission(
            caller: caller,
            meeting: meeting,
            call: call,
            heldRole: participation.role,
            grantedRole: role(for: request, held: participation.role),
            streamRole: streamRole,
            subscription: subscription
        )
    }
}

// MARK: - The rules

extension AdmissionPolicy {
    /// What one rule says about a request, regardless of the other rules.
    package enum Judgement: Hashable, Sendable {
        case passes
        case refuses(Refusal)
        /// The facts that the rule reads are missing. An earlier rule refuses for that.
        case notJudged
    }

    /// Applies one of ``rules``.
    package func judge(
        _ rule: Refusal.Reason,
        _ request: AdmissionRequest,
        facts: AdmissionFacts,
        now: Timestamp
    ) -> Judgement {
        switch rule {
        case .userNotProvisioned:
            return facts.caller == nil ? .refuses(.userNotProvisioned) : .passes
        case .userDeactivated:
            guard let isActive = facts.caller?.isActive else { return .notJudged }
            return isActive ? .passes : .refuses(.userDeactivated)
        case .meetingNotFound:
            return facts.hasMeeting ? .passes : .refuses(.meetingNotFound)
        case .notAParticipant:
            guard facts.hasMeeting else { return .notJudged }
            return facts.participation == nil ? .refuses(.notAParticipant) : .passes
        case .participantRemoved:
            guard facts.participation != nil else { return .notJudged }
            return facts.participation?.removedAt == nil ? .passes : .refuses(.participantRemoved)
        case .meetingEnded:
            guard let state = facts.meeting?.state else { return .notJudged }
            return state.isOver ? .refuses(.meetingEnded) : .passes
        case .meetingNotOpen:
            guard let state = facts.meeting?.state, let held = facts.participation?.role else { return .notJudged }
            guard state == .scheduled, let meeting = facts.meeting else { return .passes }
            guard let opensAt = opening(of: meeting, for: held), now < opensAt else { return .passes }
            return .refuses(.meetingNotOpen(opensAt: opensAt))
        case .tierRequired:
            guard let meeting = facts.meeting else { return .notJudged }
            let paying = indexOfPayer(for: meeting, among: facts.subscriptions, at: now)
            return paying == nil ? .refuses(.tierRequired) : .passes
        case .noStreamCall:
            guard facts.hasMeeting else { return .notJudged }
            return facts.meeting?.streamCall == nil ? .refuses(.noStreamCall) : .passes
        case .roleAboveOwn:
            guard let held = facts.participation?.role else { return .notJudged }
            let role = role(for: request, held: held)
            return role > held ? .refuses(.roleAboveOwn(requested: role, held: held)) : .passes
        case .roleNotAdmitted:
            guard let held = facts.participation?.role else { return .notJudged }
            let role = role(for: request, held: held)
            return streamRolesByRank[role.rank] == nil ? .refuses(.roleNotAdmitted(role)) : .passes
        }
    }

    /// The role of the token, before it is known whether the caller may have it and whether it gets one.
    package func role(for request: AdmissionRequest, held: Role) -> Role {
        switch requestedRoleRule {
        case .ignore: held
        case .lower: request.requestedRole ?? held
        }
    }

    /// When a scheduled meeting opens for a participant; nil when it is open.
    ///
    /// Hosts may always enter, to prepare the meeting.
    package func opening(of meeting: Meeting, for held: Role) -> Timestamp? {
        guard meeting.state == .scheduled, held != .host else { return nil }
        guard let earlyJoinWindow, let scheduledAt = meeting.scheduledAt else { return nil }
        return scheduledAt - earlyJoinWindow
    }

    /// The subscription that pays for the meeting; nil when none does.
    package func payer(
        for meeting: Meeting,
        among subscriptions: [Subscription],
        at now: Timestamp
    ) -> Subscription? {
        indexOfPayer(for: meeting, among: subscriptions, at: now).map { subscriptions[$0] }
    }

    /// By index, because each copy of a subscription would count up its strings.
    private func indexOfPayer(
        for meeting: Meeting,
        among subscriptions: [Subscription],
        at now: Timestamp
    ) -> Int? {
        var payer: Int?
        for index in subscriptions.indices
        where subscriptions[index].pays(for: meeting, at: now, pastDueGrace: pastDueGrace) {
            if let stronger = payer, !Subscription.isWeaker(subscriptions[stronger], than: subscriptions[index]) {
                continue
            }
            payer = index
        }
        return payer
    }
}
