internal import Persistence
internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether records of this month and of the coming ones have a place.
    static let partitions = DoctorCheck(
        "partitions",
        .database { connection, visit in
            finding(
                missing: try DatabaseDiagnosis.missingPartitions(deadline: visit.deadline, on: &connection),
                filledDefaults: try DatabaseDiagnosis.filledDefaultPartitions(deadline: visit.deadline, on: &connection)
            )
        }
    )

    static func finding(missing: [DatabaseDiagnosis.MissingPartition], filledDefaults: [String]) -> [Finding] {
        var findings: [Finding] = []
        let due = missing.filter(\.isDue).map(\.name)
        let later = missing.filter { !$0.isDue }.map(\.name)
        let remedy = "connvo-server maintain makes them, and so do serve and migrate up"
        if !due.isEmpty {
            findings.append(.fault("missing: \(due.joined(separator: ", ").safe(for: .table))", remedy: remedy))
        }
        if !later.isEmpty {
            let names = later.joined(separator: ", ").safe(for: .table)
            findings.append(.warning("missing, and not needed yet: \(names)", remedy: remedy))
        }
        if !filledDefaults.isEmpty {
            findings.append(
                .warning(
                    "rows are or were in the default partition \(filledDefaults.joined(separator: ", ").safe(for: .table))",
                    remedy: "move them into partitions of their months, and drop it: no migration made it"
                )
            )
        }
        return findings.isEmpty ? [.ok("those of this month and the two next are there")] : findings
    }
}
