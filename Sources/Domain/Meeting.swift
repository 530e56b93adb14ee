/// A meeting, as far as the rules of admission look at it.
package struct Meeting: Hashable, Sendable {
    package typealias ID = Identifier<Meeting>

    package let id: ID
    package let organizerID: User.ID
    /// The organizer's organization: a subscription of either covers the meeting.
    package let organizationID: Organization.ID?
    package let state: State
    package let scheduledAt: Timestamp?
    /// The call at Stream; nil until it was created there.
    package let streamCall: StreamCall?

    package init(
        id: ID,
        organizerID: User.ID,
        organizationID: Organization.ID?,
        state: State,
        scheduledAt: Timestamp?,
        streamCall: StreamCall?
    ) {
        self.id = id
        self.organizerID = organizerID
        self.organizationID = organizationID
        self.state = state
        self.scheduledAt = scheduledAt
        self.streamCall = streamCall
    }

    /// Where a meeting stands in its life. Raw values are the database's.
    package enum State: String, CaseIterable, Sendable {
        case scheduled, active, concluded, cancelled

        /// Concluded and cancelled are final: no caller is admitted any more.
        package var isOver: Bool {
            switch self {
            case .scheduled, .active: false
            case .concluded, .cancelled: true
            }
        }
    }
}

extension Identifier<Meeting> {
    /// Accepts what docs/errors.md, row 6, allows in `meetingId`: 1 to 64 of `[A-Za-z0-9_-]`.
    package init?(validating text: String) {
        guard Self.isValid(text, maximumLength: 64) else { return nil }
        self.init(rawValue: text)
    }
}
