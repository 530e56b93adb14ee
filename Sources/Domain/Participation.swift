/// That a person belongs to a meeting, and as what.
package struct Participation: Hashable, Sendable {
    package let role: Role
    /// Set when somebody removed the person: it keeps them out. Having left is not removal.
    package let removedAt: Timestamp?

    package init(role: Role, removedAt: Timestamp?) {
        self.role = role
        self.removedAt = removedAt
    }
}
