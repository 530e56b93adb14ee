/// That a person belongs to a meeting, and as what.
package struct Participation: Hashable, Sendable {
    package let role: Role
    /// Set when the person was removed from the meeting, and is refused since. Having left is not removal.
    package let removedAt: Timestamp?

    package init(role: Role, removedAt: Timestamp?) {
        self.role = role
        self.removedAt = removedAt
    }
}
