package import PostgreSQL

extension DatabaseDiagnosis {
    /// The settings on which it depends whether a COMMIT that was acknowledged outlives a crash, as this login has them.
    package struct Durability: Hashable, Sendable {
        package let synchronousCommit: String
        package let fsync: Bool
        package let fullPageWrites: Bool
        /// Whether a COMMIT waits for standbys, where ``synchronousCommit`` says so.
        package let namesStandbys: Bool

        package init(
            synchronousCommit: String,
            fsync: Bool,
            fullPageWrites: Bool,
            namesStandbys: Bool
        ) {
            self.synchronousCommit = synchronousCommit
            self.fsync = fsync
            self.fullPageWrites = fullPageWrites
            self.namesStandbys = namesStandbys
        }
    }

    package static func durability(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> Durability {
        let row = try connection.execute(durabilityStatement, deadline: deadline).onlyRow
        return Durability(
            synchronousCommit: try row.decode(0),
            fsync: try row.decode(1),
            fullPageWrites: try row.decode(2),
            namesStandbys: try row.decode(3)
        )
    }

    private static let durabilityStatement = Statement(
        "diagnosis.durability",
        """
        SELECT pg_catalog.current_setting('synchronous_commit'),
            pg_catalog.current_setting('fsync')::boolean,
            pg_catalog.current_setting('full_page_writes')::boolean,
            pg_catalog.current_setting('synchronous_standby_names') <> ''
        """
    )
}
