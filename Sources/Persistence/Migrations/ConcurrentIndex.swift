/// The index that a migration without a transaction builds: `CREATE INDEX CONCURRENTLY name ON schema.table ...`.
///
/// When such a statement is interrupted it leaves an INVALID index of this name, which nothing reads, everything writes,
/// and which `IF NOT EXISTS` would take for the index that is wanted (PostgreSQL 15 manual, CREATE INDEX, "Building
/// Indexes Concurrently"). So the migrator has to know the name.
struct ConcurrentIndex: Hashable, Sendable {
    /// Schema and name as the statement spells them, quotes included: what `to_regclass` and DROP INDEX read.
    let qualifiedName: String
    /// Whether an index that is there and valid is as good.
    let acceptsExisting: Bool

    /// Reads a file that builds an index concurrently; nil for any other.
    ///
    /// - Throws: ``MigrationFailure/unusableFile(file:problem:)`` when the index has no name or its table no schema: what
    ///   an interrupted build leaves could not be found again.
    init?(of sql: String, file: String) throws(MigrationFailure) {
        let code = Self.withoutComments(sql)
        let opening = /\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s/.ignoresCase()
        guard code.prefixMatch(of: opening) != nil else { return nil }
        let statement =
            /\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|\w+)\s+ON\s+(?:ONLY\s+)?("(?:[^"]|"")+"|\w+)\s*\.[\s\S]*/
            .ignoresCase()
        guard let match = code.wholeMatch(of: statement), match.2.lowercased() != "on" else {
            throw .unusableFile(
                file: file,
                problem: "an index that is built concurrently needs a name, and its table a schema"
            )
        }
        qualifiedName = "\(match.3).\(match.2)"
        acceptsExisting = match.1 != nil
    }

    /// Comments may stand before and between the words that matter; behind those nothing is looked at.
    private static func withoutComments(_ sql: String) -> String {
        sql.replacing(/--[^\n]*|\/\*[\s\S]*?\*\//, with: " ").replacing("\u{FEFF}", with: "")
    }
}
