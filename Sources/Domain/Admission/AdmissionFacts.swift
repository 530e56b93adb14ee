/// The database's facts about one request: the complete input of ``AdmissionPolicy`` beside the request and the time.
package struct AdmissionFacts: Hashable, Sendable {
    /// The row of the caller; nil when the caller is not in the database.
    package var caller: User?
    package var meeting: Meeting?
    package var participation: Participation?
    /// Subscriptions of the organizer and of the organizer's organization. They may include subscriptions that do not
    /// pay for the meeting; the policy selects.
    package var subscriptions: [Subscription]

    package init(
        caller: User? = nil,
        meeting: Meeting? = nil,
        participation: Participation? = nil,
        subscriptions: [Subscription] = []
    ) {
        self.caller = caller
        self.meeting = meeting
        self.participation = participation
        self.subscriptions = subscriptions
    }

    /// As `meeting != nil`, which copies the meeting and so counts up each of its strings.
    var hasMeeting: Bool { meeting?.state != nil }
}
