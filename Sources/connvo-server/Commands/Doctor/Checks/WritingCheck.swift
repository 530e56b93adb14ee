internal import Persistence
internal import PostgreSQL

extension DoctorCheck {
    /// Whether records can be written there.
    static let writing = DoctorCheck(
        "writing",
        .database { connection, visit in
            [finding(try DatabaseDiagnosis.session(deadline: visit.deadline, on: &connection))]
        }
    )

    static func finding(_ session: DatabaseDiagnosis.Session) -> Finding {
        if session.isStandby {
            return .fault("this is a standby, which takes no records", remedy: "name the primary in DATABASE_URL")
        }
        if session.isReadOnly {
            return .fault(
                "transactions of this login are read-only",
                remedy: "take default_transaction_read_only from the login, the database or the server"
            )
        }
        return .ok("a primary that takes records")
    }
}
