/// Says that some rows are never pruned.
struct SeedProtectedRows: Sendable {
    /// A function of SQL that takes an array of ids and returns those that must stay.
    let function: String
    /// What is said of such a row.
    let message: String
}
