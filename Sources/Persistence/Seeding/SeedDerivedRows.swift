/// Says that a trigger makes or changes rows of this kind when rows of another kind are written: the organizer of a
/// meeting becomes its host.
///
/// A derived row that the files do not name is counted and reported like those that they name, and it is not pruned.
struct SeedDerivedRows: Sendable {
    /// The kind whose rows bring them along. It comes earlier in the order of the kinds.
    let source: SeedKind
    /// Each column of the derived row's key, and the column of the source that it is taken from.
    let key: [(column: String, source: String)]
    /// The column of the source that the trigger watches.
    let watchedColumn: String
    /// The other columns that the trigger sets, and their values in SQL.
    let assignments: [(column: String, value: String)]
}
