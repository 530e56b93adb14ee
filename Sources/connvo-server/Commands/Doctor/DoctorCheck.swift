internal import PostgreSQL

/// One thing that `doctor` looks at.
///
/// A check is declared in a file of its own in `Checks`, and its place is in ``all``.
struct DoctorCheck: Sendable {
    /// Whom a check asks, and with that: when it cannot be done.
    enum Question: Sendable {
        /// The settings alone. These checks are `doctor --config`.
        case settings(@Sendable (DoctorSettings) -> [Finding])
        /// This machine; may block for seconds.
        case machine(@Sendable (DoctorSettings) -> [Finding])
        /// Another process, as `serve` with these settings would, within seconds.
        case network(@Sendable (ServerConfiguration) async -> [Finding])
        /// Whether the database can be reached.
        case connection
        /// The database, on the connection that ``connection`` has made. What it throws is reported: a
        /// ``PostgreSQL/DatabaseError`` of a missing right as something that the login may not see.
        case database(@Sendable (inout Connection, DatabaseVisit) throws -> [Finding])
    }

    /// What a check of the database goes by.
    struct DatabaseVisit: Sendable {
        let settings: DoctorSettings
        /// When its statements must have been answered.
        let deadline: Deadline
    }

    /// Public: the member `check` of the JSON.
    let name: String
    let question: Question

    init(_ name: String, _ question: Question) {
        self.name = name
        self.question = question
    }
}

extension DoctorCheck {
    /// Every check, in the order of the output.
    static let all: [DoctorCheck] = [
        .settings, .streamSecret, .streamGrants, .developmentTokens, .cryptography,
        .database, .transport, .serverVersion, .pooler, .writing, .schema, .extensions, .grants, .login, .durability,
        .partitions, .records, .connections, .clockDifference,
        .keySet, .clock, .descriptors, .certificates, .listeners,
    ]

    /// Those of `doctor --config`, which ask no other process.
    static let ofSettings = all.filter { if case .settings = $0.question { true } else { false } }
}
