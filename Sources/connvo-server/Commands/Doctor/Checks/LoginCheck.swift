internal import Persistence
internal import PostgreSQL

extension DoctorCheck {
    /// Whether the login that serves could change what was recorded.
    static let login = DoctorCheck(
        "login",
        .database { connection, visit in
            [finding(excess: try DatabaseDiagnosis.excessiveRights(deadline: visit.deadline, on: &connection))]
        }
    )

    static func finding(excess: String?) -> Finding {
        guard let excess else { return .ok("it can change nothing that was recorded") }
        return .warning(
            "it \(excess), so it can change what was recorded",
            remedy: "serve as a member of connvo_app alone: `connvo-server help logins`"
        )
    }
}
