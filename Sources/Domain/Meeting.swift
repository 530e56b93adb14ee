/// The properties of a meeting that the rules of admission use.
package struct Meeting: Hashable, Sendable {
    package typealias ID = Identifier<Meeting>

    package let id: ID
    package let organizerID: User.ID
    /// The organizer's organization. A subscription of the organizer or of the organization pays for the meeting.
    package let organizationID: Organization.ID?
    package let state: State
    package let scheduledAt: Timestamp?
    /// The call at Stream; nil while it has not been created.
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

    /// The state of a meeting. Raw values are the ones in the database.
    package enum State: String, CaseIterable, Sendable {
        case scheduled, active, concluded, cancelled

        /// Concluded and cancelled are final states, in which the meeting admits no caller.
        package var isOver: Bool {
            switch self {
            case .scheduled, .active: false
            case .concluded, .cancelled: true
            }
        }
    }
}

extension Identifier<Meeting> {
    /// Accepts what is valid as `meetingId`: 1 to 64 characters of `[A-Za-z0-9_-]`.
    package init?(validating text: String) {
        guard Self.isValid(text, maximumLength: 64) else { return nil }
        self.init(rawValue: text)
    }
}
