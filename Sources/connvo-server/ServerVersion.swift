internal import Persistence

/// Which program this is. Everything that names a version takes it from here; `scripts/release` reads the number in this
/// file, and gives the build the commit.
enum ServerVersion {
    /// What `GET /version` answers (Semantic Versioning 2.0.0). A release has the number that is here.
    static let current = "0.1.0"

    /// The commit that the program was built from, 40 hexadecimal digits; `unknown` where the build was not told it
    /// (`CONNVO_COMMIT`), as in development.
    static let commit = EmbeddedCommit.commit ?? "unknown"

    /// The newest migration that the program knows, as `0020`; it needs them all. It works with a newer schema, too, unless
    /// a migration there asks for a newer program (`-- connvo: oldest-binary`).
    static let schema = [MigrationName].embedded.last?.digits ?? "0000"

    /// What `--version` prints: `0.1.0 (commit 0123456789ab, schema 0020+)`. The first word is the version.
    static let line = "\(current) (commit \(commit.prefix(12)), schema \(schema)+)"
}
