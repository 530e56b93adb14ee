/// What an authenticated caller requests.
package struct AdmissionRequest: Hashable, Sendable {
    package let callerID: User.ID
    package let meetingID: Meeting.ID
    /// The requested role; nil requests the caller's role in the meeting. ``RequestedRoleRule`` says what it does.
    package let requestedRole: Role?

    package init(callerID: User.ID, meetingID: Meeting.ID, requestedRole: Role?) {
        self.callerID = callerID
        self.meetingID = meetingID
        self.requestedRole = requestedRole
    }
}
