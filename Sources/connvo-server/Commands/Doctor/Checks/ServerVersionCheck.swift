internal import Persistence
internal import PostgreSQL
internal import Text

extension DoctorCheck {
    /// Whether the suites of this program run on this major version. Older ones refuse the connection.
    static let serverVersion = DoctorCheck(
        "server_version",
        .database { connection, visit in
            let session = try DatabaseDiagnosis.session(deadline: visit.deadline, on: &connection)
            return [finding(serverVersion: connection.serverVersion / 10_000, text: session.version)]
        }
    )

    /// The major versions of `connvo-server help configuration`.
    private static let testedVersions = [15, 17, 18]

    static func finding(serverVersion major: Int, text: String) -> Finding {
        let shown = "PostgreSQL \(text.safe(for: .table))"
        if testedVersions.contains(major) { return .ok(shown) }
        return .warning(
            "\(shown): this program is not tested with version \(major)",
            remedy: "use 15, 17 or 18"
        )
    }
}
