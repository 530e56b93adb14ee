/// Something in which a database and the migrations differ.
package struct SchemaDifference: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// The migrations make it, and the database has it not.
        case missing
        /// The database has it, but not as the migrations make it.
        case altered
        /// The database has it, and the migrations do not make it.
        case extra
    }

    package let kind: Kind
    package let object: String
    /// The partition that it is about, if it is about one.
    package let partition: String?
    /// What the migrations make; nil for ``Kind/extra``.
    package let expected: String?
    /// What the database has; nil for ``Kind/missing``.
    package let found: String?
}

extension SchemaDifference {
    /// Compares what a database has with what it is expected to have, each partition for itself.
    ///
    /// Extensions that the migrations do not need, and privileges of roles to which the migrations give none, are no
    /// difference. What belongs to a table, a view or a function that is missing or extra is not listed by itself.
    package static func all(expected: [SchemaLine], found: [SchemaLine]) -> [SchemaDifference] {
        let grantees = Set(expected.compactMap(\.grantee) + ["PUBLIC"])
        let relevant = found.filter { line in line.grantee.map(grantees.contains) ?? true }
        var differences = compare(
            expected.filter { $0.partitionedTable == nil },
            relevant.filter { $0.partitionedTable == nil },
            partition: nil
        ).filter { $0.kind != .extra || !$0.object.hasPrefix("extension ") }

        let expectedOfPartitions = Dictionary(grouping: expected.filter { $0.partitionedTable != nil }) {
            $0.partitionedTable ?? ""
        }
        let foundOfPartitions = Dictionary(grouping: relevant.filter { $0.partition != nil }) { $0.partition ?? "" }
        for (partition, lines) in foundOfPartitions {
            let wanted = lines.first?.partitionedTable.flatMap { expectedOfPartitions[$0] } ?? []
            differences += compare(wanted, lines, partition: partition)
        }
        return differences.sorted { ($0.object, $0.partition ?? "") < ($1.object, $1.partition ?? "") }
    }

    private static func compare(
        _ expected: [SchemaLine],
        _ found: [SchemaLine],
        partition: String?
    ) -> [SchemaDifference] {
        let expected = Dictionary(expected.map { ($0.object, $0.value) }, uniquingKeysWith: { first, _ in first })
        let found = Dictionary(found.map { ($0.object, $0.value) }, uniquingKeysWith: { first, _ in first })
        let differences = Set(expected.keys).union(found.keys).compactMap { object -> SchemaDifference? in
            let (wanted, present) = (expected[object], found[object])
            guard wanted != present else { return nil }
            let kind: Kind = present == nil ? .missing : wanted == nil ? .extra : .altered
            return SchemaDifference(kind: kind, object: object, partition: partition, expected: wanted, found: present)
        }
        let wholes = differences.filter { $0.kind != .altered }.compactMap { difference in
            difference.object.nameOfWhole.map { (difference.kind, $0) }
        }
        return differences.filter { difference in
            !wholes.contains { kind, name in difference.kind == kind && difference.object.isPart(of: name) }
        }
    }
}

extension SchemaLine {
    /// The role of a `grant to ROLE on ...`; nil for other lines.
    fileprivate var grantee: String? {
        guard object.hasPrefix("grant to "), let end = object.firstRange(of: " on ") else { return nil }
        return String(object[..<end.lowerBound].dropFirst("grant to ".count))
    }
}

extension String {
    /// The name of what other lines are parts of.
    fileprivate var nameOfWhole: Substring? {
        for kind in ["table ", "view ", "materialized view ", "sequence ", "foreign table ", "function "]
        where hasPrefix(kind) {
            return dropFirst(kind.count)
        }
        return nil
    }

    fileprivate func isPart(of name: Substring) -> Bool {
        guard nameOfWhole == nil else { return false }
        return hasSuffix(" \(name)") || hasPrefix("column \(name).") || contains(" column \(name).")
    }
}

extension SchemaDifference: CustomStringConvertible {
    package var description: String {
        let place = partition.map { " (\($0))" } ?? ""
        let heading = "\(kind.rawValue): \(object)\(place)"
        guard kind == .altered, let expected, let found else { return heading }
        return "\(heading)\n  expected: \(expected)\n  found:    \(found)"
    }
}
