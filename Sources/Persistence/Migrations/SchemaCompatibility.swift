package import PostgreSQL

/// Whether a binary can work with a database's schema. `serve` asks this; it never migrates.
package enum SchemaCompatibility: Hashable, Sendable {
    case ready
    /// The database has neither our tables nor a record of migrations.
    case unmigrated
    /// The database has our tables and no record of the migrations that made them, such as after a restore without it.
    case unrecorded
    /// The database lacks migrations that this binary needs, oldest first, as `NNNN_name`.
    case missing([String])
    /// The database has migrations that this binary does not know and can live with.
    case newer([String])
    /// An applied migration says that binaries must know more than this one does.
    case incompatible(migration: String, oldestBinary: Int, latestKnown: Int)

    /// An applied migration, as far as compatibility looks at it.
    package struct AppliedVersion: Hashable, Sendable {
        package let version: Int
        package let name: String
        package let oldestBinary: Int?

        package init(version: Int, name: String, oldestBinary: Int?) {
            self.version = version
            self.name = name
            self.oldestBinary = oldestBinary
        }

        fileprivate var label: String { "\(MigrationName(version: version, words: name))" }
    }

    /// - Parameter known: The migrations that the binary knows, in their order.
    package init(known: [MigrationName], applied: [AppliedVersion]) {
        let applied = applied.sorted { $0.version < $1.version }
        let latest = known.last?.version ?? 0
        if let demanding = applied.last(where: { $0.oldestBinary ?? 0 > latest }) {
            self = .incompatible(
                migration: demanding.label,
                oldestBinary: demanding.oldestBinary ?? 0,
                latestKnown: latest
            )
            return
        }
        let versions = Set(applied.map(\.version))
        let missing = known.filter { !versions.contains($0.version) }
        guard missing.isEmpty else {
            self = .missing(missing.map(\.description))
            return
        }
        let newer = applied.filter { $0.version > latest }
        self = newer.isEmpty ? .ready : .newer(newer.map(\.label))
    }

    /// Whether requests can be served.
    package var isUsable: Bool {
        switch self {
        case .ready, .newer: true
        case .unmigrated, .unrecorded, .missing, .incompatible: false
        }
    }
}

extension SchemaCompatibility {
    /// Fetches what ``init(known:applied:)`` looks at, without what was not applied as a whole; needs SELECT on `connvo.schema_migrations`.
    package static let statement = Statement(
        "schema.applied",
        """
        SELECT version, name, oldest_binary
        FROM connvo.schema_migrations
        WHERE took_ms >= 0
        ORDER BY version
        """
    )

    /// Decodes the rows of ``statement``.
    package init(known: [MigrationName], result: QueryResult) throws(DatabaseError) {
        let applied = try result.rows.map { (row) throws(DatabaseError) in
            AppliedVersion(
                version: Int(try row.decode(0, as: Int32.self)),
                name: try row.decode(1),
                oldestBinary: try row.decodeIfPresent(2, as: Int32.self).map { Int($0) }
            )
        }
        self.init(known: known, applied: applied)
    }

    private static let ourTables = Statement("schema.tables", "SELECT to_regclass('connvo.users') IS NOT NULL")

    /// Asks the database.
    package static func read(
        known: [MigrationName],
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> SchemaCompatibility {
        do {
            return try SchemaCompatibility(
                known: known,
                result: connection.execute(statement, deadline: deadline)
            )
        } catch  where error.sqlState == .undefinedTable || error.sqlState == .undefinedSchema {
            let hasTables = try connection.execute(ourTables, deadline: deadline).onlyRow.decode(0, as: Bool.self)
            return hasTables ? .unrecorded : .unmigrated
        }
    }
}

extension SchemaCompatibility: CustomStringConvertible {
    package var description: String {
        switch self {
        case .ready:
            "the schema is up to date"
        case .unmigrated:
            "the database was never migrated; run connvo-server migrate up"
        case .unrecorded:
            """
            the database has the schema and no record of the migrations that made it; run connvo-server migrate adopt, \
            then connvo-server migrate up
            """
        case .missing(let names):
            "the database lacks \(Self.list(names)); run connvo-server migrate up"
        case .newer(let names):
            "the database has \(names.joined(separator: ", ")), which this binary does not know and can live with"
        case .incompatible(let migration, let oldestBinary, let latestKnown):
            """
            the database has \(migration), which needs a binary that knows \(Migration.digits(of: oldestBinary)); \
            this one knows migrations up to \(Migration.digits(of: latestKnown)): use a later version of connvo-server
            """
        }
    }

    /// A few by name, many by their number, the first and the last.
    private static func list(_ names: [String]) -> String {
        guard names.count > 3, let first = names.first, let last = names.last else {
            return names.joined(separator: ", ")
        }
        return "\(names.count) migrations, \(first) to \(last)"
    }
}
