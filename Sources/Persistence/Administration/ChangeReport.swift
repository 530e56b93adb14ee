internal import PostgreSQL

extension SQLState {
    /// With this code roles.sql says, in a NOTICE, what it has changed. The code is of no class of PostgreSQL's.
    static let changeReport = SQLState(rawValue: "CVCHG")
}
