internal import Persistence
internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether what keeps records from being altered is in place, as readiness asks.
    static let records = DoctorCheck(
        "records",
        .database { connection, visit in
            guard try DatabaseDiagnosis.hasRecordTables(deadline: visit.deadline, on: &connection) else {
                return [.notChecked("the schema is not there")]
            }
            return finding(
                unprotected: try DatabaseDiagnosis.unprotectedRecords(deadline: visit.deadline, on: &connection)
            )
        }
    )

    static func finding(unprotected lacks: [String]) -> [Finding] {
        if lacks.isEmpty { return [.ok("triggers and primary keys protect them")] }
        return [
            .fault(
                "not protected: \(lacks.joined(separator: ", ").safe(for: .table))",
                remedy: "connvo-server migrate verify shows all differences"
            )
        ]
    }
}
