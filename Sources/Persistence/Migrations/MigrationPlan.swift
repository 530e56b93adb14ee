/// The SQL that ``Migrator/up(_:to:)`` would run, in order: what `migrate plan` shows.
///
/// psql could run it. What cannot be known before stands in it as an expression (how long a file took), and what is only
/// bookkeeping as a comment.
package struct MigrationPlan: Sendable {
    /// What belongs together: a file, or a part of the work around the files.
    package struct Step: Sendable {
        package let title: String
        /// The file; nil for the work around the files.
        package let migration: Migration?
        /// Each ends with a semicolon or is a comment.
        package let statements: [String]
    }

    package let steps: [Step]
}

extension Migrator {
    /// Looks what ``up(_:to:)`` would do, and changes nothing.
    ///
    /// - Throws: What `up` would throw before it changes anything.
    package func plan(
        _ connection: inout Connection,
        to target: Int? = nil
    ) throws(MigrationFailure) -> MigrationPlan {
        try checkTarget(target)
        let exists = try whatExists(&connection)
        let becomesOwner = try shouldBecomeOwner(&connection)
        let plan = try readPlan(&connection, exists)
        try plan.check()
        let pending = plan.pending.filter { $0.version <= target ?? .max }
        let broken = try invalidIndexes(&connection)

        var steps = broken.filter { !$0.isBuilt(byOneOf: pending) }.map { index in
            MigrationPlan.Step(
                title: "INVALID index \(index.name)",
                migration: nil,
                statements: [index.remedy + ";"]
            )
        }
        for migration in pending {
            steps.append(try step(of: migration, &connection))
        }
        if try !isConverged(pending, exists, &connection) {
            steps.append(rolesStep(becomesOwner))
            if makesPartitions(pending, exists) { steps.append(partitionsStep(becomesOwner)) }
        }

        let preparations = Self.preparations(exists)
        if !steps.isEmpty || !preparations.isEmpty {
            steps.insert(preparation(preparations, becomesOwner), at: 0)
        }
        return MigrationPlan(steps: steps)
    }

    private func preparation(_ scripts: [String], _ becomesOwner: Bool) -> MigrationPlan.Step {
        let lock = MigrationStatements.tryLock.literal([String(MigrationLock.key)])
        let owner = becomesOwner ? [MigrationStatements.becomeOwner.sql + ";"] : []
        return MigrationPlan.Step(
            title: "preparation",
            migration: nil,
            statements: [lock] + owner + scripts + [MigrationStatements.watchClient.sql + ";"]
        )
    }

    private func step(
        of migration: Migration,
        _ connection: inout Connection
    ) throws(MigrationFailure) -> MigrationPlan.Step {
        let record = MigrationStatements.record.literal([
            String(migration.version), Self.quoted(migration.name), Self.quoted(migration.checksum), "0",
            migration.oldestBinary.map { String($0) } ?? "NULL",
        ])
        guard migration.runsInTransaction else {
            let remnant = try remnant(of: migration, &connection)
            return MigrationPlan.Step(
                title: migration.file,
                migration: migration,
                statements: remnant + [Self.terminated(migration.sql), record]
            )
        }
        let took = "CAST(extract(epoch FROM clock_timestamp() - now()) * 1000 AS integer)"
        return MigrationPlan.Step(
            title: migration.file,
            migration: migration,
            statements: [
                "BEGIN;", MigrationStatements.setLockTimeout(lockRetry).sql + ";",
                MigrationStatements.setNoStatementTimeout.sql + ";", record, Self.terminated(migration.sql),
                MigrationStatements.complete.literal([String(migration.version), took]), "COMMIT;",
            ]
        )
    }

    /// What an interrupted run of the file has left, and what is done about it.
    private func remnant(
        of migration: Migration,
        _ connection: inout Connection
    ) throws(MigrationFailure) -> [String] {
        guard let index = migration.concurrentIndex else { return [] }
        let isInvalid = try step("looking for \(index.qualifiedName)") { () throws(DatabaseError) in
            var name = Parameters()
            name.append(index.qualifiedName)
            let found = try connection.execute(MigrationStatements.indexState, name, deadline: .after(Self.stepTimeout))
            return try found.rows.first?.decode(0, as: Bool.self) == false
        }
        return isInvalid ? [MigrationStatements.dropIndex(index.qualifiedName).sql + ";"] : []
    }

    /// Whatever changes anything in the schemas makes the migrator look after partitions and roles.
    private func isConverged(
        _ pending: [Migration],
        _ exists: Existing,
        _ connection: inout Connection
    ) throws(MigrationFailure) -> Bool {
        guard pending.isEmpty, exists.stateTables else { return false }
        return try convergence(&connection)?.isConverged == true
    }

    private func makesPartitions(_ pending: [Migration], _ exists: Existing) -> Bool {
        exists.partitionFunction || pending.contains { $0.sql.contains("FUNCTION connvo.ensure_partitions()") }
    }

    private func rolesStep(_ becameOwner: Bool) -> MigrationPlan.Step {
        MigrationPlan.Step(
            title: "roles.sql",
            migration: nil,
            statements: (becameOwner ? [MigrationStatements.becomeLogin.sql + ";"] : []) + [
                "BEGIN;", MigrationStatements.setLockTimeout(lockRetry).sql + ";",
                MigrationStatements.setNotices.sql + ";", Self.terminated(catalogue.roles), "COMMIT;",
            ]
        )
    }

    private func partitionsStep(_ becomesOwner: Bool) -> MigrationPlan.Step {
        MigrationPlan.Step(
            title: "partitions",
            migration: nil,
            statements: (becomesOwner ? [MigrationStatements.becomeOwner.sql + ";"] : []) + [
                MigrationStatements.ensurePartitions.sql + ";"
            ]
        )
    }

    /// The last statement of a file may lack its semicolon, which one more behind a comment does not hurt.
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
