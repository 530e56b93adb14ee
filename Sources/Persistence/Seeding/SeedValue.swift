package import Domain

/// What a row says about one column.
package enum SeedValue: Hashable, Sendable {
    /// Nothing: the default on insert, unchanged on update.
    case absent
    case null
    case text(String)
    case boolean(Bool)
    case integer(Int32)
    case timestamp(Timestamp)
}
