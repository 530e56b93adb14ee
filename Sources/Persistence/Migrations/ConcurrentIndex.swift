internal import PostgreSQL

/// The index that a migration without a transaction builds: `CREATE INDEX CONCURRENTLY name ON schema.table ...`.
///
/// When such a statement is interrupted it leaves an INVALID index of this name, which nothing reads, everything writes,
/// and which `IF NOT EXISTS` would take for the index that is wanted (PostgreSQL 15 manual, CREATE INDEX, "Building
/// Indexes Concurrently"). So the migrator has to know the name.
struct ConcurrentIndex: Hashable, Sendable {
    /// Schema and name as the statement spells them, quotes included: what `to_regclass` and DROP INDEX read.
    let qualifiedName: String

    /// Reads a file that builds an index concurrently; nil for any other.
    ///
    /// - Throws: ``MigrationFailure/unusableFile(file:problem:)`` when the index has no name or its table no schema: what
    ///   an interrupted build leaves could not be found again.
    init?(of sql: String, file: String) throws(MigrationFailure) {
        let code = Self.withoutComments(sql)
        let opening = /\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s/.ignoresCase()
        guard code.prefixMatch(of: opening) != nil else { return nil }
        let statement =
            /\s*CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+(?:IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|\w+)\s+ON\s+(?:ONLY\s+)?("(?:[^"]|"")+"|\w+)\s*\.[\s\S]*/
            .ignoresCase()
        guard let match = code.wholeMatch(of: statement), match.1.lowercased() != "on" else {
            throw .unusableFile(
                file: file,
                problem: "an index that is built concurrently needs a name, and its table a schema"
            )
        }
        qualifiedName = "\(match.2).\(match.1)"
    }

    /// Comments may stand before and between the words that matter; behind those nothing is looked at.
    private static func withoutComments(_ sql: String) -> String {
        sql.replacing(/--[^\n]*|\/\*[\s\S]*?\*\//, with: " ").replacing("\u{FEFF}", with: "")
    }
}

/// What a database holds of an index that a pending migration builds.
enum ConcurrentIndexState: Hashable, Sendable {
    case absent
    /// Another session is building an index of the table.
    case building(pid: Int32)
    /// A remnant of an interrupted run, to be dropped before the index is built.
    case invalid
    /// A run of the migration has built it, and was interrupted before it recorded that.
    case finished
    /// An index of this name that no run of the migration has begun.
    case unrelated
}

extension ConcurrentIndexState {
    /// Decodes a result of ``ConcurrentIndex/state``.
    ///
    /// - Parameter wasBegun: Whether the migration is the one that was begun last and has not been recorded.
    init(_ result: QueryResult, wasBegun: Bool) throws(DatabaseError) {
        guard let row = result.rows.first else {
            self = .absent
            return
        }
        if let pid = try row.decodeIfPresent(1, as: Int32.self) {
            self = .building(pid: pid)
        } else if try row.decode(0, as: Bool.self) {
            self = wasBegun ? .finished : .unrelated
        } else {
            self = .invalid
        }
    }
}

// MARK: - SQL

extension ConcurrentIndex {
    /// Asks for what ``ConcurrentIndexState`` is made of.
    var readState: Command {
        var name = Parameters()
        name.append(qualifiedName)
        return Command(Self.state, name)
    }

    var drop: Statement {
        Statement("migrations.drop_index.\(qualifiedName)", "DROP INDEX CONCURRENTLY \(qualifiedName)")
    }

    /// Whether an index is valid, and the session that builds an index of its table; no row when there is no such index.
    static let state = Statement(
        "migrations.index_state",
        """
        SELECT index.indisvalid,
            (
                SELECT progress.pid
                FROM pg_catalog.pg_stat_progress_create_index AS progress
                WHERE progress.datid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
                    AND progress.relid = index.indrelid
                LIMIT 1
            )
        FROM pg_catalog.pg_index AS index
        WHERE index.indexrelid = to_regclass($1)
        """,
        parameters: [.text]
    )
}
