/// A subscription of a person or an organization to a tier, for a period.
package struct Subscription: Hashable, Sendable {
    package let id: ID
    package let owner: Owner
    package let tier: SubscriptionTier
    package let status: Status
    package let startsAt: Timestamp
    /// The first instant that is not covered; nil when no end is set.
    package let endsAt: Timestamp?
    /// When payment became late; not nil exactly while `status` is `pastDue`.
    package let pastDueSince: Timestamp?

    package init(
        id: ID,
        owner: Owner,
        tier: SubscriptionTier,
        status: Status,
        startsAt: Timestamp,
        endsAt: Timestamp?,
        pastDueSince: Timestamp?
    ) {
        self.id = id
        self.owner = owner
        self.tier = tier
        self.status = status
        self.startsAt = startsAt
        self.endsAt = endsAt
        self.pastDueSince = pastDueSince
    }

    package enum Owner: Hashable, Sendable {
        case user(User.ID)
        case organization(Organization.ID)
    }

    /// Raw values are the ones in the database.
    package enum Status: String, CaseIterable, Sendable {
        case trialing
        case active
        case pastDue = "past_due"
        case paused
        case unpaid
        case incomplete
        case canceled

        /// Whether a subscription with this status may pay for a meeting. Periods of one owner with such a status never
        /// overlap, which the database checks.
        package var mayGrantAccess: Bool {
            switch self {
            case .trialing, .active, .pastDue: true
            case .paused, .unpaid, .incomplete, .canceled: false
            }
        }
    }
}

extension Subscription {
    /// Why a subscription does not pay for a meeting. Raw values are those of `explain --json`.
    package enum Obstacle: String, CaseIterable, Sendable {
        /// It belongs to neither the organizer nor the organizer's organization.
        case otherOwner = "other_owner"
        case freeTier = "free_tier"
        case notStarted = "not_started"
        case ended
        /// Its status grants no access.
        case status
        /// Payment has been late for longer than the grace.
        case graceOver = "grace_over"
    }

    /// Whether this subscription pays for `meeting` at `now`: there is no ``obstacle(toPayingFor:at:pastDueGrace:)``.
    func pays(for meeting: Meeting, at now: Timestamp, pastDueGrace: Duration) -> Bool {
        obstacle(toPayingFor: meeting, at: now, pastDueGrace: pastDueGrace) == nil
    }

    /// The first obstacle; nil when this subscription pays for `meeting` at `now`.
    ///
    /// It pays when its owner is the organizer or the organizer's organization, its tier is a paid one, its half-open
    /// period contains `now`, and its status grants access.
    ///
    /// - Parameter pastDueGrace: How long it still pays while payment is late, counted from `pastDueSince`.
    package func obstacle(toPayingFor meeting: Meeting, at now: Timestamp, pastDueGrace: Duration) -> Obstacle? {
        guard isOwned(byOrganizerOf: meeting) else { return .otherOwner }
        guard tier.isPaid else { return .freeTier }
        guard startsAt <= now else { return .notStarted }
        if let endsAt, now >= endsAt { return .ended }
        switch status {
        case .trialing, .active: return nil
        case .pastDue: return pastDueSince.map { now < $0 + pastDueGrace } ?? false ? nil : .graceOver
        case .paused, .unpaid, .incomplete, .canceled: return .status
        }
    }

    private func isOwned(byOrganizerOf meeting: Meeting) -> Bool {
        switch owner {
        case .user(let id): id == meeting.organizerID
        case .organization(let id): id == meeting.organizationID
        }
    }

    /// Orders subscriptions that all pay: the higher rank wins, then an organization's over a person's, then the one
    /// that started later.
    static func isWeaker(_ left: Subscription, than right: Subscription) -> Bool {
        (left.tier.rank, left.owner.precedence, left.startsAt) < (
            right.tier.rank, right.owner.precedence, right.startsAt
        )
    }
}

extension Subscription.Owner {
    fileprivate var precedence: Int {
        switch self {
        case .user: 0
        case .organization: 1
        }
    }
}
