/// What seeding does to one row.
package struct SeedChange: Hashable, Sendable {
    package enum Verb: Hashable, Sendable {
        case insert
        case change
        case remove
    }

    package let verb: Verb
    package let kind: SeedKind
    /// One for each column of the kind: what the row will be. Of a row to remove, only the key.
    package let values: [SeedValue]
    /// What the row was; empty unless the verb is `change`.
    package let formerValues: [SeedValue]
    /// False for a new subscription whose files name no id: it gets another one each time.
    package let hasLastingKey: Bool
}
