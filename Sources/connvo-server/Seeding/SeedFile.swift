internal import JOSE
internal import Persistence

/// One seed file while it is read: gathers rows, and problems instead of stopping at the first.
struct SeedFile {
    private let name: String
    private var cursor: TextCursor
    private(set) var rows: [SeedRow] = []
    private(set) var problems: [SeedProblem] = []

    init(name: String, bytes: [UInt8]) {
        self.name = name
        self.cursor = TextCursor(bytes)
    }

    mutating func read(_ root: JSONValue) {
        guard root.kind == .object else {
            return report(at: root.offset, "expected an object of arrays, found \(root.kind.article)")
        }
        for (key, keyOffset, value) in root.members {
            guard let kind = SeedKind(rawValue: key) else {
                let known = SeedKind.allCases.map(\.rawValue).joined(separator: ", ")
                report(at: keyOffset, "unknown kind \"\(key)\"; known are \(known)")
                continue
            }
            guard value.kind == .array else {
                report(at: value.offset, field: key, "expected an array, found \(value.kind.article)")
                continue
            }
            for element in value.elements {
                readRow(element, of: kind)
            }
        }
    }

    private mutating func readRow(_ object: JSONValue, of kind: SeedKind) {
        guard object.kind == .object else {
            return report(at: object.offset, field: kind.rawValue, "expected an object, found \(object.kind.article)")
        }
        let rowOffset = object.offset
        let problemCount = problems.count
        let rowPosition = position(of: rowOffset)
        let columns = kind.columns
        var fields = [SeedRow.Field](repeating: .absent, count: columns.count)
        var isGiven = [Bool](repeating: false, count: columns.count)
        for (key, keyOffset, json) in object.members {
            guard let index = kind.index(of: key) else {
                report(
                    at: keyOffset,
                    field: key,
                    "unknown field; \(kind.rawValue) have \(columns.map(\.name).joined(separator: ", "))"
                )
                continue
            }
            isGiven[index] = true
            let place = cursor.position(of: json.offset)
            switch columns[index].value(of: json) {
            case .value(let value):
                fields[index] = SeedRow.Field(value, line: place.line, column: place.column)
            case .problem(let message):
                report(at: json.offset, field: key, message)
            }
        }
        for (index, column) in columns.enumerated() where column.presence == .required && !isGiven[index] {
            problems.append(SeedProblem(at: rowPosition, field: column.name, "missing"))
        }
        let row = SeedRow(kind: kind, position: rowPosition, fields: fields)
        if kind == .subscriptions, let message = Self.ownerProblem(of: row, isGiven: isGiven) {
            problems.append(SeedProblem(at: rowPosition, field: "user_id, organization_id", message))
        }
        if problems.count == problemCount { rows.append(row) }
    }

    /// A subscription has one owner. One that gives its id may leave the owner as it is.
    private static func ownerProblem(of row: SeedRow, isGiven: [Bool]) -> String? {
        let owners = ["user_id", "organization_id"]
        let named = owners.count { row[$0] != .absent && row[$0] != .null }
        // An owner that could not be read has been reported.
        let hasBadOwner = owners.contains { owner in
            row.kind.index(of: owner).map { isGiven[$0] } == true && row[owner] == .absent
        }
        if named == 2 { return "only one of them may be set" }
        if named == 0, !hasBadOwner, row["id"] == .absent { return "one of them must be set" }
        return nil
    }

    private mutating func report(at offset: Int, field: String? = nil, _ message: String) {
        problems.append(SeedProblem(at: position(of: offset), field: field, message))
    }

    private mutating func position(of offset: Int) -> SeedPosition {
        let place = cursor.position(of: offset)
        return SeedPosition(file: name, line: place.line, column: place.column)
    }
}
