package import PostgreSQL

/// Why migrating stopped. The description says which file, what happened and what to do.
package enum MigrationFailure: Error, Equatable, Sendable {
    /// A file that cannot be a migration; found before any database is asked.
    case unusableFile(file: String, problem: String)
    case changed([MigrationStatus.Change])
    case gap(MigrationStatus)
    case unknownVersions(MigrationStatus)
    /// `--to` names a version that this binary does not have.
    case unknownTarget(Int, latest: Int)
    /// Another migrator held the lock all the time.
    case locked(AdvisoryLock.Holder?, waited: Duration)
    /// The lock was given to another session than the one that asked, or to none.
    case lockNotHeld
    /// A pooler gives each transaction another session of the server.
    case pooled
    /// A file gave the lock free, and another migrator has it.
    case lockLost
    /// A file failed. Nothing of it stayed, unless it runs without a transaction. `holders` is what it waited for last.
    case failed(Migration, place: String?, error: DatabaseError, attempts: Int, holders: [LockHolder])
    /// The index that a file makes is being made by another session at this moment.
    case indexInTheMaking(Migration, pid: Int32)
    /// INVALID indexes that could not be repaired; everything else was done.
    case unrepairedIndexes([UnrepairedIndex])
    /// A file ended the transaction it ran in, so that part of it may have stayed. `error` is how it failed behind that;
    /// nil when it did not.
    case endedTransaction(file: String, error: DatabaseError?)
    /// Earlier runs of these files ended their transaction.
    case incomplete([AppliedMigration])
    /// `--as-applied` names a version of which it is certain whether it is applied.
    case notRepairable(version: Int)
    /// The database changed between the plan of a repair and its execution.
    case repairOutdated
    /// `migrate adopt` cannot take the database on.
    case notAdoptable(problem: String)
    /// A step of the migrator failed in the database.
    case database(step: String, error: DatabaseError)
}

extension MigrationFailure {
    /// An INVALID index, and why repairing it failed.
    package struct UnrepairedIndex: Equatable, Sendable {
        package let index: InvalidIndex
        package let error: DatabaseError
    }
}

extension MigrationFailure: DatabaseStepError {}

extension MigrationFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unusableFile(let file, let problem):
            "\(file): \(problem). Rename or correct the file."
        case .changed(let changes):
            changes.map(Self.describe).joined(separator: "\n")
        case .gap(let status):
            """
            \(status.gaps.map(\.file).joined(separator: ", ")): not applied, though a later one is. \
            Give it the next free number:
            \(status.comparison)
            """
        case .unknownVersions(let status):
            """
            \(status.unknown.map(\.label).joined(separator: ", ")): applied, but unknown to this binary. \
            Use the version of connvo-server that applied it, or a later one:
            \(status.comparison)
            """
        case .unknownTarget(let version, let latest):
            """
            There is no migration \(Migration.digits(of: version)); this binary has 0001 to \
            \(Migration.digits(of: latest)).
            """
        case .locked(let holder, let waited):
            """
            Another migrator has held the lock for the \(waited.components.seconds) s that were waited\
            \(holder.map { ": \($0)" } ?? ""). Let it finish, or end it, and run this again.
            """
        case .lockNotHeld:
            """
            The lock that makes migrators take turns is not held by this session: a pooler gives each statement \
            another session, or advisory locks do not work here. Set DATABASE_ADMIN_URL to the server itself, past the \
            pooler.
            """
        case .pooled:
            """
            There is a pooler in transaction mode between here and the server, and a migration needs a session that is \
            always the same. Set DATABASE_ADMIN_URL to the server itself, past the pooler. Nothing was changed.
            """
        case .lockLost:
            """
            A file released the lock that makes migrators take turns, and another migrator has it now. Let that one finish, \
            then run this again.
            """
        case .failed(let migration, let place, let error, let attempts, let holders):
            """
            \(migration.file)\(place.map { ":\($0)" } ?? ""): \(error.fullDescription). \
            \(Self.remedy(for: error, in: migration, attempts: attempts))\
            \(holders.map { "\n  locked by \($0)" }.joined())
            """
        case .indexInTheMaking(let migration, let pid):
            """
            \(migration.file): pid \(pid) is building an index on its table at this moment. Wait for its end \
            (pg_stat_progress_create_index shows it), then run this again.
            """
        case .unrepairedIndexes(let failures):
            failures.map { failure in
                """
                \(failure.index.name): INVALID, and repairing it failed: \(failure.error.fullDescription). \
                All else is done. Remove the cause, such as rows that are not unique, and run this again; \
                or drop the index, if nothing needs it.
                """
            }.joined(separator: "\n")
        case .endedTransaction(let file, let error):
            """
            \(file): the file ended the transaction it ran in\(error.map { ", then failed: \($0.fullDescription)" } ?? ""). \
            What stands before that is in the database and stays there. \(Self.repairing)
            """
        case .incomplete(let applied):
            applied.map { applied in
                """
                \(applied.label).sql: not applied as a whole, because the file ended the transaction it ran in when \
                \(applied.appliedBy) ran it. \(Self.repairing)
                """
            }.joined(separator: "\n")
        case .notRepairable(let version):
            """
            \(Migration.digits(of: version)) needs no repair: --as-applied takes migrations that were applied in part or \
            passed over, and `migrate status` lists them.
            """
        case .repairOutdated:
            "The database has changed since the plan was made. Nothing was repaired: run this again."
        case .notAdoptable(let problem):
            "This database cannot be adopted: \(problem). Nothing was changed."
        case .database(let step, let error):
            "\(step): \(error.fullDescription).\(Self.remedyForLogin(error))"
        }
    }

    private static let repairing = """
        Undo that part by hand, then run `connvo-server migrate repair`, which lets the file run again; or carry out the \
        rest by hand, then run `connvo-server migrate repair --as-applied NNNN`.
        """

    private static func remedyForLogin(_ error: DatabaseError) -> String {
        guard error.sqlState == .insufficientPrivilege else { return "" }
        return """
             migrate needs a login that is a member of connvo_owner; for `status` and `check` a member of connvo_app will \
            do. `connvo-server help logins` says more.
            """
    }

    /// Both sides, and what to do.
    private static func describe(_ change: MigrationStatus.Change) -> String {
        let applied = change.applied
        var lines = ["\(change.migration.file): changed since \(applied.appliedBy) applied it."]
        if let difference = change.difference {
            lines.append("  line \(difference.line), database:    \(difference.applied ?? "(the file had ended)")")
            lines.append("  line \(difference.line), this binary: \(difference.known ?? "(the file has ended)")")
        }
        lines.append("  SHA-256, database:    \(applied.checksum)")
        lines.append("  SHA-256, this binary: \(change.migration.checksum)")
        lines.append("Restore the file as it was and put the difference into a new migration.")
        return lines.joined(separator: "\n")
    }

    private static func remedy(for error: DatabaseError, in migration: Migration, attempts: Int) -> String {
        guard migration.runsInTransaction else { return remedyWithoutTransaction(for: error, in: migration) }
        if error.kind == .connectionLost || error.kind == .commitUncertain || error.kind == .timedOut {
            return "Whether it was applied is unknown: `migrate status` shows it."
        }
        if error.sqlState == .lockNotAvailable {
            return """
                Nothing of it was applied, in \(attempts) attempts: other sessions kept a lock that it needs. End those that \
                are named here, or wait for a quieter hour, and run this again; --attempts makes it try for longer.
                """
        }
        return "Nothing of it was applied. Correct the file and run this again."
    }

    private static func remedyWithoutTransaction(for error: DatabaseError, in migration: Migration) -> String {
        guard let index = migration.concurrentIndex else {
            return """
                It runs without a transaction, so a part of it may be in the database. Look, undo that part or carry out the \
                rest by hand, and run this again.
                """
        }
        if error.sqlState == .duplicateTable {
            return """
                \(index.qualifiedName) is there and valid, and no run of this file began it. If it is the index that is \
                wanted, write IF NOT EXISTS into the file; if not, rename one of them.
                """
        }
        return """
            It may have left the INVALID index \(index.qualifiedName); the next run drops that and builds it again. \
            Remove the cause and run this again.
            """
    }
}

extension DatabaseError {
    /// For administrators, who may see what the server says about values.
    package var fullDescription: String {
        [description, constraint.map { "constraint \($0)" }, detail, hint.map { "hint: \($0)" }]
            .compactMap { $0 }
            .joined(separator: "; ")
    }
}
