/// What the migrations make, as ``SchemaLine``s, for each level: the version of the last migration that is applied.
///
/// It is `sql/fingerprint.txt`, which scripts/schema writes: fields separated by tabs, the first of which says at which
/// levels the line is in the schema (`0004-` from 4 on, `0004-0009` from 4 to 9).
package struct SchemaFingerprint: Hashable, Sendable {
    private let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The lines at a level. A line that cannot be read is left out; the tests compare all with a database.
    func lines(at level: Int) -> [SchemaLine] {
        text.split(separator: "\n").compactMap { line in
            guard !line.hasPrefix("#") else { return nil }
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count >= 3, Self.levels(fields[0])?.contains(level) == true else { return nil }
            let table = fields.count > 3 ? String(fields[3]) : nil
            return SchemaLine(String(fields[1]), String(fields[2]), partitionedTable: table)
        }
    }

    private static func levels(_ field: Substring) -> ClosedRange<Int>? {
        let ends = field.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Int(ends[0]) else { return nil }
        guard !ends[1].isEmpty else { return first...Int.max }
        guard let last = Int(ends[1]), first <= last else { return nil }
        return first...last
    }
}

extension SchemaFingerprint {
    /// The text of lines that were read from a database, without levels: one line each, sorted, and one for all
    /// partitions of a table that have it.
    package static func text(of lines: [SchemaLine]) -> String {
        Set(lines.map { "\($0.object)\t\($0.value)\($0.partitionedTable.map { "\t\($0)" } ?? "")" })
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .joined(separator: "\n")
    }
}
