/// All that seeding has to be told about one kind: its columns, and what is special about it.
///
/// The folder `Kinds` has a definition for each kind. The rest of seeding never asks which kind it has before it.
struct SeedKindDefinition: Sendable {
    let columns: [SeedColumn]
    /// The primary key.
    var key = ["id"]
    /// The unique constraints besides the primary key.
    var uniqueKeys: [SeedUniqueKey] = []
    var ownedPeriod: SeedOwnedPeriod?
    var derivedRows: SeedDerivedRows?
    var protectedRows: SeedProtectedRows?
    /// Constraints, without their schema, that are checked at the end of the transaction, so that rows may be written
    /// in any order.
    var deferredConstraints: [String] = []
}
