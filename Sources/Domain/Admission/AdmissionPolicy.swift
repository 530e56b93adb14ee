/// The rules of admission, as a pure function of facts, request and time.
///
/// The rules are docs/errors.md, rows 7 to 16, in this order: the first that applies decides. SQL only fetches facts;
/// no other code applies a rule to them.
///
/// ```swift
/// let policy = AdmissionPolicy(earlyJoinWindow: .seconds(600))
/// let admission = try policy.decide(request, facts: facts, now: now)
/// ```
package struct AdmissionPolicy: Hashable, Sendable {
    /// The Stream role of each role. A role that is missing here never gets a token.
    package let streamRoles: [Role: String]
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

    /// Decides one request.
    ///
    /// - Throws: The first ``Refusal`` that applies, in the order of docs/errors.md, rows 7 to 16.
    package func decide(
        _ request: AdmissionRequest,
        facts: AdmissionFacts,
        now: Timestamp
    ) throws(Refusal) -> Admission {
        guard let caller = facts.caller else { throw .userNotProvisioned }
        guard caller.isActive else { throw .userDeactivated }
        guard let meeting = facts.meeting else { throw .meetingNotFound }
        guard let participation = facts.participation else { throw .notAParticipant }
        guard participation.removedAt == nil else { throw .participantRemoved }
        guard !meeting.state.isOver else { throw .meetingEnded }
        if let opensAt = opening(of: meeting, for: participation), now < opensAt {
            throw .meetingNotOpen(opensAt: opensAt)
        }
        guard let subscription = subscriptionPaying(for: meeting, among: facts.subscriptions, at: now) else {
            throw .tierRequired
        }
        guard let call = meeting.streamCall else { throw .noStreamCall }

        let role = try role(for: request, held: participation.role)
        guard let streamRole = streamRoles[role] else { throw .roleNotAdmitted(role) }

        return Admission(
            caller: caller,
            meeting: meeting,
            call: call,
            heldRole: participation.role,
            grantedRole: role,
            streamRole: streamRole,
            subscription: subscription
        )
    }

    /// The role of the token, before it is known whether this role gets one.
    private func role(for request: AdmissionRequest, held: Role) throws(Refusal) -> Role {
        switch requestedRoleRule {
        case .ignore:
            return held
        case .lower:
            guard let requested = request.requestedRole else { return held }
            guard requested <= held else { throw .roleAboveOwn(requested: requested, held: held) }
            return requested
        }
    }

    /// When a scheduled meeting opens for this participant; nil when it is open.
    ///
    /// Hosts may always enter, to prepare the meeting.
    private func opening(of meeting: Meeting, for participation: Participation) -> Timestamp? {
        guard meeting.state == .scheduled, participation.role != .host else { return nil }
        guard let earlyJoinWindow, let scheduledAt = meeting.scheduledAt else { return nil }
        return scheduledAt - earlyJoinWindow
    }

    private func subscriptionPaying(
        for meeting: Meeting,
        among subscriptions: [Subscription],
        at now: Timestamp
    ) -> Subscription? {
        subscriptions
            .filter { $0.pays(for: meeting, at: now, pastDueGrace: pastDueGrace) }
            .max { Subscription.isWeaker($0, than: $1) }
    }
}
