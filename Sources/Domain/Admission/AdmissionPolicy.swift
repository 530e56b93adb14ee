/// The rules of admission, as one pure function of facts, request and time.
///
/// docs/errors.md, rows 7 to 16, in that order: the first that applies is the decision. SQL fetches facts; nothing
/// outside this type judges them.
package struct AdmissionPolicy: Hashable, Sendable {
    /// The role at Stream for each of ours. A role without one is never given a token.
    package let streamRoles: [Role: String]
    /// How long before `scheduledAt` a scheduled meeting opens; nil sets no limit.
    package let earlyJoinWindow: Duration?
    /// How long a late payer keeps access.
    package let pastDueGrace: Duration

    package init(
        streamRoles: [Role: String] = Self.defaultStreamRoles,
        earlyJoinWindow: Duration? = nil,
        pastDueGrace: Duration = .days(7)
    ) {
        self.streamRoles = streamRoles
        self.earlyJoinWindow = earlyJoinWindow
        self.pastDueGrace = pastDueGrace
    }

    /// Stream's predefined call roles; observers have none and get no token.
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

        let role = request.requestedRole ?? participation.role
        guard role <= participation.role else {
            throw .roleAboveOwn(requested: role, held: participation.role)
        }
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

    /// When a scheduled meeting opens for this person; nil when there is nothing to wait for.
    ///
    /// Hosts may always enter, to prepare.
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
