internal import JOSE
internal import Persistence
internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether the database has the migrations of this binary, unchanged: what `serve` and `migrate check` ask.
    static let schema = DoctorCheck(
        "schema",
        .database { connection, visit in
            let compatibility = try SchemaCompatibility.read(
                known: .embedded,
                deadline: visit.deadline,
                on: &connection
            )
            let found = finding(compatibility)
            guard compatibility.isUsable else { return [found] }
            let catalogue = try MigrationCatalogue.embedded(sha256: { SHA256.hash($0) })
            let drift = try DatabaseDiagnosis.drift(from: catalogue, deadline: visit.deadline, on: &connection)
            return drift.isEmpty ? [found] : drift.map(drifted)
        }
    )

    static func finding(_ compatibility: SchemaCompatibility) -> Finding {
        let whole = "\(compatibility)".safe(for: .table)
        // The remedy has a line of its own.
        let text = String(whole[..<(whole.firstRange(of: "; run ")?.lowerBound ?? whole.endIndex)])
        switch compatibility {
        case .ready, .newer: return .ok(text)
        case .unmigrated, .missing: return .fault(text, remedy: "connvo-server migrate up")
        case .unrecorded: return .fault(text, remedy: "connvo-server migrate adopt, then connvo-server migrate up")
        case .incompatible:
            return .fault(text, remedy: "install the version of connvo-server that migrated it", status: .databaseNewer)
        }
    }

    private static func drifted(_ text: String) -> Finding {
        .warning(
            text.safe(for: .table),
            remedy: "connvo-server migrate check says more; `connvo-server help migrations` says what to do"
        )
    }
}
