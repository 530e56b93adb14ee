/// Why migrating stopped. The description says which file, what happened and what to do.
package enum MigrationFailure: Error, Equatable, Sendable {
    /// A file that cannot be a migration; found before any database is asked.
    case unusableFile(file: String, problem: String)
    case changed([MigrationPlan.Change])
    case gap(MigrationPlan)
    case unknownVersions(MigrationPlan)
    /// `--to` names a version that this binary does not have.
    case unknownTarget(Int, latest: Int)
    /// Another migrator held the lock all the time.
    case locked(MigrationLock.Holder?, waited: Duration)
    /// A file failed. Nothing of it stayed, unless it runs without a transaction.
    case failed(file: String, place: String?, error: DatabaseError, runsInTransaction: Bool)
    /// A file ended the transaction it ran in, so that part of it may have stayed.
    case endedTransaction(file: String)
    /// A step of the migrator's own failed.
    case database(step: String, error: DatabaseError)
}

extension MigrationFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unusableFile(let file, let problem):
            "\(file): \(problem). Rename or correct the file."
        case .changed(let changes):
            changes.map { change in
                """
                \(change.migration.file): changed since it was applied \
                (this binary \(change.migration.checksum), database \(change.applied.checksum)). \
                Restore the file as it was and put the difference into a new migration.
                """
            }.joined(separator: "\n")
        case .gap(let plan):
            """
            \(plan.gaps.map(\.file).joined(separator: ", ")): not applied, though a later one is. \
            Give it the next free number:
            \(plan.comparison)
            """
        case .unknownVersions(let plan):
            """
            \(plan.unknown.map(\.label).joined(separator: ", ")): applied, but unknown to this binary. \
            Use the version of connvo-server that applied it, or a later one:
            \(plan.comparison)
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
        case .failed(let file, let place, let error, let runsInTransaction):
            """
            \(file)\(place.map { ":\($0)" } ?? ""): \(error.fullDescription). \
            \(Self.remedy(for: error, runsInTransaction: runsInTransaction))
            """
        case .endedTransaction(let file):
            """
            \(file): the file ends the transaction it runs in. Take BEGIN and COMMIT out of it, \
            and look at what it left in the database.
            """
        case .database(let step, let error):
            "\(step): \(error.fullDescription)."
        }
    }

    private static func remedy(for error: DatabaseError, runsInTransaction: Bool) -> String {
        if !runsInTransaction {
            return
                "It runs without a transaction: look at what it left (an INVALID index?), remove that, and run this again."
        }
        if error.kind == .connectionLost || error.kind == .commitUncertain || error.kind == .timedOut {
            return "Whether it was applied is unknown: `migrate status` tells."
        }
        if error.sqlState == .lockNotAvailable {
            return """
                Nothing of it was applied: another session kept a lock that it needs for more than \
                \(Migrator.lockTimeout). Run this again when that session is done.
                """
        }
        return "Nothing of it was applied. Correct the file and run this again."
    }
}

extension DatabaseError {
    /// For administrators, who may see what the server says about values.
    var fullDescription: String {
        [description, constraint.map { "constraint \($0)" }, detail, hint.map { "hint: \($0)" }]
            .compactMap { $0 }
            .joined(separator: "; ")
    }
}
