package import PostgreSQL

extension DatabaseDiagnosis {
    /// What issuance needs and this login lacks, as `SELECT on connvo.users`.
    package static func missingPrivileges(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [String] {
        try texts(AccessStatements.missingPrivileges, deadline: deadline, on: &connection)
    }

    /// Tables of which row-level security hides rows from this login.
    package static func rowSecurity(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [String] {
        try texts(AccessStatements.rowSecurity, deadline: deadline, on: &connection)
    }

    /// Why this login can change what was recorded, as `is a superuser`; nil when it cannot.
    package static func excessiveRights(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> String? {
        try texts(AccessStatements.excessiveRights, deadline: deadline, on: &connection).first
    }
}
