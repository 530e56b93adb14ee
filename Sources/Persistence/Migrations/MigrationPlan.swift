internal import PostgreSQL

/// The SQL that ``Migrator/up(to:on:)`` would run, in order: what `migrate plan` prints.
///
/// psql can run it. What cannot be known before stands in it as an expression (how long a file took), and what is only
/// bookkeeping is left out.
package struct MigrationPlan: Sendable {
    /// Statements that belong together: a file, or a part of the work around the files.
    package struct Section: Sendable {
        package let title: String
        /// The file; nil for the work around the files.
        package var migration: Migration?
        /// Each ends with a semicolon.
        package let statements: [String]
    }

    /// Empty when the database needs nothing but bookkeeping.
    package let sections: [Section]
}

extension MigrationPlan {
    /// - Parameters:
    ///   - becomesOwner: Whether the steps that run as the owner are preceded by SET ROLE.
    ///   - lockRetry: How files wait for locks.
    ///   - roles: The text of roles.sql.
    init(of steps: [MigrationStep], becomesOwner: Bool, lockRetry: LockRetry, roles: String) {
        let setLockTimeout = MigrationStatements.setLockTimeout(lockRetry).sql + ";"
        let becomeOwner = becomesOwner ? [SchemaOwner.become.sql + ";"] : []
        let becomeLogin = becomesOwner ? [SchemaOwner.becomeLogin.sql + ";"] : []
        sections = steps.flatMap { step -> [Section] in
            switch step {
            case .prepare(let scripts):
                let lock = AdvisoryLock.trySession.literal([String(AdvisoryLock.migration.key)])
                let watchClient = MigrationStatements.watchClient.sql + ";"
                let settings = SessionSettings.set + ";"
                return [
                    Section(title: "preparation", statements: [settings, lock] + becomeOwner + scripts + [watchClient])
                ]
            case .repair(let index):
                return [Section(title: "INVALID index \(index.name)", statements: [index.remedy + ";"])]
            case .apply(let migration, let index):
                let statements =
                    migration.runsInTransaction
                    ? Self.transaction(migration, setLockTimeout)
                    : Self.single(migration, index)
                return [Section(title: migration.file, migration: migration, statements: statements)]
            case .storeTexts:
                return []
            case .converge(_, let makesPartitions):
                let script = [
                    MigrationStatements.begin.sql + ";", setLockTimeout, Self.terminated(roles), "COMMIT;",
                ]
                let partitions = Section(title: "partitions", statements: becomeOwner + [Partitions.ensure.sql + ";"])
                return [Section(title: "roles.sql", statements: becomeLogin + script)]
                    + (makesPartitions ? [partitions] : [])
            }
        }
    }

    private static func transaction(_ migration: Migration, _ setLockTimeout: String) -> [String] {
        let took = "CAST(extract(epoch FROM clock_timestamp() - now()) * 1000 AS integer)"
        let values = [String(migration.version), took, "pg_current_xact_id()::text"]
        return [
            MigrationStatements.begin.sql + ";", setLockTimeout,
            record(migration, took: AppliedMigration.incompleteMark), terminated(migration.sql),
            MigrationStatements.complete.literal(values), "COMMIT;",
        ]
    }

    private static func single(_ migration: Migration, _ state: ConcurrentIndexState) -> [String] {
        let statements = [terminated(migration.sql), record(migration)]
        return switch (migration.concurrentIndex, state) {
        case (let index?, .invalid): [index.drop.sql + ";"] + statements
        case (_?, .finished): [record(migration)]
        default: statements
        }
    }

    private static func record(_ migration: Migration, took: Int32 = 0) -> String {
        MigrationStatements.record.literal([
            String(migration.version), quoted(migration.name), quoted(migration.checksum), String(took),
            migration.oldestBinary.map { String($0) } ?? "NULL",
        ])
    }

    /// The last statement of a file may lack its semicolon. One more behind a comment does no harm.
    private static func terminated(_ sql: String) -> String {
        let text = String(sql.reversed().drop(while: \.isWhitespace).reversed())
        return text.hasSuffix(";") ? text : text + "\n;"
    }

    /// A string constant; none of ours holds a backslash or a quote that would need more.
    private static func quoted(_ text: String) -> String {
        "'\(text.replacing("'", with: "''"))'"
    }
}

extension Statement {
    /// The statement with literals in the place of its parameters, and a semicolon.
    fileprivate func literal(_ values: [String]) -> String {
        // From the last, so that $1 does not match the beginning of $10.
        values.enumerated().reversed().reduce(sql) { text, value in
            text.replacing("$\(value.offset + 1)", with: value.element)
        } + ";"
    }
}
