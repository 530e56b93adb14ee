/// A field of a seed row: a column of its kind's table.
package struct SeedColumn: Sendable {
    package let name: String
    package let type: ValueType
    package let presence: Presence
    /// The kind whose `id` this column holds.
    package let referredKind: SeedKind?
    /// Whether values tell something about a person, so that output shows them only when asked to.
    package let isPersonal: Bool

    /// What a value must look like.
    package enum ValueType: Hashable, Sendable {
        case text
        /// 1 to 255 of `[A-Za-z0-9_@-]`: users and organizations.
        case longID
        /// 1 to 64 of `[A-Za-z0-9_-]`: meetings, tiers and calls.
        case shortID
        case oneOf([String])
        case uuid
        case boolean
        /// 32 bits.
        case integer
        /// RFC 3339 in files.
        case timestamp
    }

    /// What a row may say about the column.
    package enum Presence: Hashable, Sendable {
        /// Must be there and not be null.
        case required
        /// May be left out, for the column's default; never null.
        case hasDefault
        /// May be left out or null.
        case nullable
    }

    init(
        _ name: String,
        _ type: ValueType,
        _ presence: Presence,
        refersTo referredKind: SeedKind? = nil,
        isPersonal: Bool = false
    ) {
        self.name = name
        self.type = type
        self.presence = presence
        self.referredKind = referredKind
        self.isPersonal = isPersonal
    }

    /// The column as a result column that ``Row/seedValue(_:of:)`` decodes.
    func selected(from alias: String) -> String {
        type == .uuid ? "\(alias).\(name)::text" : "\(alias).\(name)"
    }
}
