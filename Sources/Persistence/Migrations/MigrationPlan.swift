/// What a database needs to reach the schema of a catalogue, or why it cannot: catalogue times applied rows.
package struct MigrationPlan: Equatable, Sendable {
    /// An applied file whose content is no longer what was applied.
    package struct Change: Equatable, Sendable {
        package let migration: Migration
        package let applied: AppliedMigration
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

    package init(catalogue: MigrationCatalogue, applied: [AppliedMigration]) {
        self.applied = applied.sorted { $0.version < $1.version }
        let appliedVersions = Set(applied.map(\.version))
        let newestApplied = appliedVersions.max() ?? 0
        pending = catalogue.migrations.filter { !appliedVersions.contains($0.version) }
        gaps = pending.filter { $0.version < newestApplied }
        unknown = self.applied.filter { catalogue[version: $0.version] == nil }
        changed = self.applied.compactMap { applied in
            catalogue[version: applied.version].flatMap { migration in
                migration.checksum == applied.checksum ? nil : Change(migration: migration, applied: applied)
            }
        }
    }

    /// Nothing to do and nothing wrong.
    package var isUpToDate: Bool { pending.isEmpty && changed.isEmpty && unknown.isEmpty }

    /// Refuses a database that migrations must not touch.
    ///
    /// - Throws: ``MigrationFailure/changed(_:)``, ``MigrationFailure/gap(_:)`` or ``MigrationFailure/unknownVersions(_:)``.
    func check() throws(MigrationFailure) {
        guard changed.isEmpty else { throw .changed(changed) }
        guard unknown.isEmpty else { throw .unknownVersions(self) }
        guard gaps.isEmpty else { throw .gap(self) }
    }

    /// Both sides, one version a line.
    package var comparison: String {
        let known = Dictionary(uniqueKeysWithValues: pending.map { ($0.version, $0.file) })
        let rows = Dictionary(uniqueKeysWithValues: applied.map { ($0.version, $0) })
        let strangers = Set(unknown.map(\.version))
        return Set(known.keys).union(rows.keys).sorted().map { version in
            let ours =
                known[version] ?? (strangers.contains(version) ? "-" : rows[version].map { "\($0.label).sql" } ?? "-")
            let theirs = rows[version].map(\.label) ?? "-"
            return "  this binary: \(ours)   database: \(theirs)"
        }.joined(separator: "\n")
    }
}
