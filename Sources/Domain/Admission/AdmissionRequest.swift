/// What a verified caller asks for.
package struct AdmissionRequest: Hashable, Sendable {
    package let callerID: User.ID
    package let meetingID: Meeting.ID
    /// The role the caller asks for; nil asks for the caller's own.
    package let requestedRole: Role?

    package init(callerID: User.ID, meetingID: Meeting.ID, requestedRole: Role?) {
        self.callerID = callerID
        self.meetingID = meetingID
        self.requestedRole = requestedRole
    }
}
