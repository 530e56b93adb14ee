/// A decision to admit a caller, with all facts that the database record of the token keeps.
package struct Admission: Hashable, Sendable {
    package let caller: User
    package let meeting: Meeting
    package let call: StreamCall
    /// The caller's role in the meeting. `grantedRole` is this role or a lower one.
    package let heldRole: Role
    package let grantedRole: Role
    /// The role at Stream that `grantedRole` is mapped to.
    package let streamRole: String
    /// The subscription that pays for the meeting.
    package let subscription: Subscription

    package init(
        caller: User,
        meeting: Meeting,
        call: StreamCall,
        heldRole: Role,
        grantedRole: Role,
        streamRole: String,
        subscription: Subscription
    ) {
        self.caller = caller
        self.meeting = meeting
        self.call = call
        self.heldRole = heldRole
        self.grantedRole = grantedRole
        self.streamRole = streamRole
        self.subscription = subscription
    }
}
