/// What a database needs to reach the schema of a catalogue, or why it cannot: the catalogue compared with the rows of
/// `schema_migrations`.
package struct MigrationStatus: Equatable, Sendable {
    /// An applied file whose content is no longer what was applied.
    package struct Change: Equatable, Sendable {
        package let migration: Migration
        package let applied: AppliedMigration
        /// What was applied, where the database has kept it.
        package let appliedContent: String?

        package init(migration: Migration, applied: AppliedMigration, appliedContent: String? = nil) {
            self.migration = migration
            self.applied = applied
            self.appliedContent = appliedContent
        }

        /// Where the two begin to differ; nil when the database has not kept what was applied.
        package var difference: LineDifference? {
            appliedContent.flatMap { LineDifference(applied: $0, known: migration.content) }
        }
    }

    /// What was applied, oldest first.
    package let applied: [AppliedMigration]
    /// What the catalogue has and the database has not, oldest first.
    package let pending: [Migration]
    package let changed: [Change]
    /// Applied versions that the catalogue does not have: the database is newer than this binary.
    package let unknown: [AppliedMigration]
    /// Pending migrations that are older than one already applied.
    package let gaps: [Migration]
    /// Recorded ones whose file ended its transaction, so that a part of it stayed: neither applied nor pending.
    package let incomplete: [AppliedMigration]

    /// - Parameter contents: What was applied, by version, as far as that is known.
    package init(catalogue: MigrationCatalogue, applied: [AppliedMigration], contents: [Int: String] = [:]) {
        self.applied = applied.sorted { $0.version < $1.version }
        let appliedVersions = Set(applied.map(\.version))
        let newestApplied = appliedVersions.max() ?? 0
        pending = catalogue.migrations.filter { !appliedVersions.contains($0.version) }
        gaps = pending.filter { $0.version < newestApplied }
        incomplete = self.applied.filter { !$0.isComplete }
        unknown = self.applied.filter { catalogue[version: $0.version] == nil }
        changed = self.applied.compactMap { applied in
            catalogue[version: applied.version].flatMap { migration in
                migration.checksum == applied.checksum
                    ? nil
                    : Change(migration: migration, applied: applied, appliedContent: contents[applied.version])
            }
        }
    }

    /// What `migrate status` and `migrate check` say with their exit codes. The worst counts.
    package enum Summary: String, Sendable {
        case upToDate = "up_to_date"
        case pending
        /// An applied file has changed, one ended its transaction, or one is pending that is older than an applied one.
        case drift
        case newer
    }

    package var summary: Summary {
        if !incomplete.isEmpty || !changed.isEmpty { return .drift }
        if !unknown.isEmpty { return .newer }
        if !gaps.isEmpty { return .drift }
        return pending.isEmpty ? .upToDate : .pending
    }

    /// Nothing to do and nothing wrong.
    package var isUpToDate: Bool { summary == .upToDate }

    /// Why migrations must not touch this database; nil when they may.
    package var refusal: MigrationFailure? {
        if !incomplete.isEmpty { return .incomplete(incomplete) }
        if !changed.isEmpty { return .changed(changed) }
        if !unknown.isEmpty { return .unknownVersions(self) }
        return gaps.isEmpty ? nil : .gap(self)
    }

    /// - Throws: ``refusal``.
    func check() throws(MigrationFailure) {
        if let refusal { throw refusal }
    }

    /// What is pending, and the command that applies it; nil when nothing is.
    package var pendingText: String? {
        guard let first = pending.first, let last = pending.last else { return nil }
        let names =
            pending.count > 3
            ? "\(pending.count) migrations are pending, \(first.file) to \(last.file)"
            : "pending: \(pending.map(\.file).joined(separator: ", "))"
        let before = applied.isEmpty ? "the database was never migrated; " : ""
        return "\(before)\(names). Run connvo-server migrate up."
    }

    /// Both sides, one version a line.
    package var comparison: String {
        let known = Dictionary(uniqueKeysWithValues: pending.map { ($0.version, $0.file) })
        let rows = Dictionary(uniqueKeysWithValues: applied.map { ($0.version, $0) })
        let unknownVersions = Set(unknown.map(\.version))
        return Set(known.keys).union(rows.keys).sorted().map { version in
            let ours =
                known[version]
                ?? (unknownVersions.contains(version) ? "-" : rows[version].map { "\($0.label).sql" } ?? "-")
            let theirs = rows[version].map(\.label) ?? "-"
            return "  this binary: \(ours)   database: \(theirs)"
        }.joined(separator: "\n")
    }
}
