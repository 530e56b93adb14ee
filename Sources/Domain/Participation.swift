/// A person's participation in a meeting.
package struct Participation: Hashable, Sendable {
    package let role: Role
    /// When the person was removed; a removed person gets no token. Leaving a meeting does not set it.
    package let removedAt: Timestamp?

    package init(role: Role, removedAt: Timestamp?) {
        self.role = role
        self.removedAt = removedAt
    }
}
