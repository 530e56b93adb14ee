internal import Persistence

/// Rows that files name more than once.
enum SeedDuplicates {
    private struct Key: Hashable {
        let kind: SeedKind
        let columns: [String]
        let values: [SeedValue]
    }

    /// One problem for every row after the first with the same key.
    static func problems(in rows: [SeedRow]) -> [SeedProblem] {
        var first: [Key: SeedPosition] = [:]
        var problems: [SeedProblem] = []
        for row in rows {
            for columns in row.kind.naturalKeys {
                // What is null and what is left out are the same here: an owner that a subscription does not have.
                let values = columns.map { row[$0] == .null ? .absent : row[$0] }
                // A subscription that leaves its owner out is named by its id alone.
                guard columns == row.kind.key ? !values.contains(.absent) : values.contains(where: \.isText) else {
                    continue
                }
                let key = Key(kind: row.kind, columns: columns, values: values)
                if let other = first[key] {
                    let field = columns.first { row[$0] != .absent && row[$0] != .null } ?? columns[0]
                    problems.append(
                        SeedProblem(
                            at: row.position(of: field),
                            field: columns.joined(separator: ", "),
                            "the same as in \(other)"
                        )
                    )
                } else {
                    first[key] = row.position
                }
            }
        }
        return problems
    }
}

extension SeedValue {
    fileprivate var isText: Bool {
        if case .text = self { true } else { false }
    }
}
