/// Says that each row is a period of one owner, as a subscription is.
///
/// A row that leaves out its id is the row of the database with the same owner and start, if there is one. Of the rows
/// that claim their period, no two of one owner may overlap.
struct SeedOwnedPeriod: Sendable {
    /// What messages call a row.
    let noun: String
    /// The columns of which exactly one names the owner.
    let ownerColumns: [String]
    /// The first instant of the period.
    let startColumn: String
    /// The first instant after it; NULL while no end is known.
    let endColumn: String
    /// The column that says whether a row claims its period, and the values with which it does.
    let claim: (column: String, values: [String])
}
