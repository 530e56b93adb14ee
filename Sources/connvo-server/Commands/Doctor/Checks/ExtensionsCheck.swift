internal import Persistence
internal import PostgreSQL

extension DoctorCheck {
    /// Whether the server has the extensions that the schema needs.
    static let extensions = DoctorCheck(
        "extensions",
        .database { connection, visit in
            var findings: [Finding] = []
            for name in DatabaseDiagnosis.neededExtensions {
                let state = try DatabaseDiagnosis.state(
                    ofExtension: name,
                    deadline: visit.deadline,
                    on: &connection
                )
                findings.append(finding(name, state))
            }
            return findings
        }
    )

    static func finding(_ name: String, _ state: DatabaseDiagnosis.ExtensionState) -> Finding {
        switch state {
        case .installed: .ok("\(name) is installed")
        case .available: .warning("\(name) is not installed yet", remedy: "connvo-server migrate up installs it")
        case .absent:
            .fault(
                "\(name) is not there",
                remedy: "install the server's additional modules (postgresql-contrib), then connvo-server migrate up"
            )
        }
    }
}
