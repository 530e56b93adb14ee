/// What the role in a request does. Raw values are those of the setting. The record keeps what was requested either way.
package enum RequestedRoleRule: String, CaseIterable, Sendable {
    /// It may lower the role that the caller holds in the meeting; a higher one is refused.
    case lower
    /// Nothing: the role that the caller holds decides. For clients that always send the same role.
    case ignore
}
