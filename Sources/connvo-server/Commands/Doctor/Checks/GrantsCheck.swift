internal import Persistence
internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether the login that serves may do what issuance needs.
    static let grants = DoctorCheck(
        "grants",
        .database { connection, visit in
            guard try DatabaseDiagnosis.hasRecordTables(deadline: visit.deadline, on: &connection) else {
                return [.notChecked("the schema is not there")]
            }
            return finding(
                missing: try DatabaseDiagnosis.missingPrivileges(deadline: visit.deadline, on: &connection),
                hidden: try DatabaseDiagnosis.rowSecurity(deadline: visit.deadline, on: &connection)
            )
        }
    )

    static func finding(missing: [String], hidden: [String]) -> [Finding] {
        var findings: [Finding] = []
        if !missing.isEmpty {
            findings.append(
                .fault(
                    "the login lacks \(missing.joined(separator: ", ").safe(for: .table))",
                    remedy: "connvo-server migrate up grants to connvo_app; then GRANT connvo_app TO the login"
                )
            )
        }
        if !hidden.isEmpty {
            findings.append(
                .fault(
                    "row-level security hides rows of \(hidden.joined(separator: ", ").safe(for: .table)) from the login",
                    remedy: "ALTER TABLE ... DISABLE ROW LEVEL SECURITY on each"
                )
            )
        }
        return findings.isEmpty ? [.ok("the login may do what issuance needs")] : findings
    }
}
