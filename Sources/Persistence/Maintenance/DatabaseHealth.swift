/// What the last look at the database saw.
package struct DatabaseHealth: Hashable, Sendable {
    package enum Condition: Hashable, Sendable {
        /// The monitor has not looked yet.
        case unknown
        case unreachable
        case readOnly
        case schema(SchemaCompatibility)
        /// Partitions of this month or the next that do not exist, as `table YYYY-MM`.
        case partitionsMissing([String])
        case ready
    }

    package let condition: Condition
    /// The schema holds migrations that this binary does not know and can live with.
    package let newerMigrations: [String]

    package init(_ condition: Condition, newerMigrations: [String] = []) {
        self.condition = condition
        self.newerMigrations = newerMigrations
    }

    package var isReady: Bool { condition == .ready }
}

extension DatabaseHealth: CustomStringConvertible {
    package var description: String {
        switch condition {
        case .unknown: "the database has not been looked at yet"
        case .unreachable: "the database cannot be reached"
        case .readOnly: "the database is read-only"
        case .schema(let compatibility): "\(compatibility)"
        case .partitionsMissing(let partitions): "partitions are missing: \(partitions.joined(separator: ", "))"
        case .ready: "ready"
        }
    }
}
