internal import Persistence
internal import PostgreSQL

extension DoctorCheck {
    /// Whether a pooler stands between, and the settings know it.
    static let pooler = DoctorCheck(
        "pooler",
        .database { connection, visit in
            let session = try DatabaseDiagnosis.session(deadline: visit.deadline, on: &connection)
            let preparesStatements = visit.settings.database?.preparesStatements ?? true
            return [finding(isPooled: session.isPooled, preparesStatements: preparesStatements)]
        }
    )

    static func finding(isPooled: Bool, preparesStatements: Bool) -> Finding {
        guard isPooled else { return .ok("none seen between here and the server") }
        guard preparesStatements else { return .ok("there is one, and DATABASE_STATEMENTS=unnamed") }
        return .warning(
            "there is one between here and the server, and DATABASE_STATEMENTS is prepared",
            remedy: "set DATABASE_STATEMENTS=unnamed: a pooler in transaction mode loses prepared statements"
        )
    }
}
