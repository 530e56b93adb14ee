/// What the database knows about one request: all that the rules look at, judged nowhere else.
package struct AdmissionFacts: Hashable, Sendable {
    /// The caller's own row; nil when the person was never provisioned.
    package var caller: User?
    package var meeting: Meeting?
    package var participation: Participation?
    /// Subscriptions of the organizer and of the organizer's organization. It may hold some that do not
    /// cover the meeting; the policy decides.
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
}
