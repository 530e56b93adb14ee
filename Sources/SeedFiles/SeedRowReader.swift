internal import JSON
internal import Persistence
internal import Text

/// Makes rows of what the scanners of all files find, and gathers problems instead of stopping at the first.
struct SeedRowReader {
    private(set) var batch = SeedBatch()
    private(set) var problems: SeedProblems
    /// The name of the file that is being read, as messages show it.
    var file = ""

    init(problemLimit: Int?) {
        self.problems = SeedProblems(limit: problemLimit)
    }

    mutating func report(at place: TextPosition, field: String? = nil, _ message: String) {
        problems.append(SeedProblem(at: position(place), field: field, message))
    }

    /// What could not be read may have held rows of these kinds.
    mutating func markIncomplete(_ kinds: some Sequence<SeedKind>) { batch.markIncomplete(kinds) }

    /// The files say something about the kind, if only that there is no row of it.
    mutating func name(_ kind: SeedKind) { batch.name(kind) }

    private func position(_ place: TextPosition) -> SeedPosition {
        SeedPosition(file: file, line: place.line, column: place.column)
    }

    /// What is known of a row while its fields are read.
    private struct Draft {
        let kind: SeedKind
        let place: TextPosition
        var fields: [SeedRow.Field]
        /// Whether the row says anything about a column, good or bad.
        var isGiven: [Bool]
        var isGood = true
        /// False when the row has a field that is not known: it may be the misspelt name of one that is left out.
        var isWhole = true
        /// False when the fields cannot be told apart for certain.
        var hasCertainFields = true

        init(_ kind: SeedKind, at place: TextPosition) {
            self.kind = kind
            self.place = place
            self.fields = [SeedRow.Field](repeating: .absent, count: kind.columns.count)
            self.isGiven = [Bool](repeating: false, count: kind.columns.count)
        }

        private func hasValue(_ index: Int) -> Bool { fields[index].value != .absent }

        /// Columns that the row leaves out as it may.
        private func isLeftOut(_ index: Int) -> Bool { !isGiven[index] && kind.columns[index].presence != .required }

        /// Whether it is known which row of the database this is, if any.
        private var hasKnownKey: Bool {
            let keys = kind.columns.indices.filter { kind.key.contains(kind.columns[$0].name) }
            if keys.allSatisfy(hasValue) { return true }
            // A row that names no id is found by its other columns.
            return keys.allSatisfy { hasValue($0) || isLeftOut($0) }
                && kind.columns.indices.allSatisfy { hasValue($0) || isLeftOut($0) }
        }

        /// The columns of which it is certain what the row is to have: those that could be read, and what a row leaves
        /// out when it is known which row it is. See ``SeedBatch/append(_:known:)``.
        var knownColumns: Int {
            guard hasCertainFields else { return 0 }
            let fillsIn = isWhole && hasKnownKey
            let known = kind.columns.indices.filter { hasValue($0) || (fillsIn && isLeftOut($0)) }
            return known.reduce(0) { $0 | 1 << $1 }
        }
    }

    private mutating func add(_ reading: SeedColumn.Reading, at place: TextPosition, index: Int, to draft: inout Draft)
    {
        switch reading {
        case .value(.absent):
            break
        case .value(let value):
            draft.isGiven[index] = true
            draft.fields[index] = SeedRow.Field(value, line: place.line, column: place.column)
        case .problem(let message):
            draft.isGiven[index] = true
            draft.isGood = false
            report(at: place, field: draft.kind.columns[index].name, message)
        }
    }

    /// - Parameter missingReported: Columns whose absence has been reported for the file as a whole.
    private mutating func finish(_ draft: Draft, missingReported: Set<Int> = []) {
        var draft = draft
        let columns = draft.kind.columns
        for (index, column) in columns.enumerated() where column.presence == .required && !draft.isGiven[index] {
            draft.isGood = false
            if !missingReported.contains(index) { report(at: draft.place, field: column.name, "missing") }
        }
        let row = SeedRow(kind: draft.kind, position: position(draft.place), fields: draft.fields)
        var known = draft.knownColumns
        if let message = Self.ownerProblem(of: row, isGiven: draft.isGiven) {
            draft.isGood = false
            known &= ~row.kind.mask(of: row.kind.ownerColumns)
            report(at: draft.place, field: row.kind.ownerColumns.joined(separator: ", "), message)
        }
        // A row with a fault is kept as well: others may refer to it, and the rest of it can be checked.
        batch.append(row, known: draft.isGood ? nil : known)
    }

    /// A row of a kind with owners has one. A row that gives its id may leave the owner as it is.
    private static func ownerProblem(of row: SeedRow, isGiven: [Bool]) -> String? {
        let owners = row.kind.ownerColumns
        guard !owners.isEmpty else { return nil }
        let named = owners.count { row[$0] != .absent && row[$0] != .null }
        // An owner that could not be read has been reported.
        let hasBadOwner = owners.contains { owner in
            row.kind.index(of: owner).map { isGiven[$0] } == true && row[owner] == .absent
        }
        if named > 1 { return "only one of them may be set" }
        if named == 0, !hasBadOwner, row["id"] == .absent { return "one of them must be set" }
        return nil
    }
}

// MARK: - JSON

extension SeedRowReader {
    /// The member by which a line says its kind.
    private static let kindMember = "kind"

    /// Reads an object whose kind is known.
    ///
    /// - Parameters:
    ///   - text: What the object was parsed from.
    ///   - start: Where that begins in the file.
    mutating func read(_ object: JSONValue, of kind: SeedKind, in text: [UInt8], from start: TextPosition) {
        read(object, of: kind, in: text, from: start, hasKindMember: false)
    }

    /// Reads an object that says its kind in `kind`, or need not, where all rows of the file are of one kind.
    mutating func readLine(_ object: JSONValue, of fileKind: SeedKind?, in text: [UInt8], from start: TextPosition) {
        var cursor = TextCursor(text, from: start)
        guard object.kind == .object else {
            markIncomplete(fileKind.map { [$0] } ?? SeedKind.allCases)
            return report(at: cursor.position(of: object.offset), "expected an object, found \(object.kind.article)")
        }
        guard let member = object[Self.kindMember] else {
            guard let fileKind else {
                markIncomplete(SeedKind.allCases)
                return report(at: cursor.position(of: object.offset), field: Self.kindMember, "missing; or give --kind")
            }
            return read(object, of: fileKind, in: text, from: start, hasKindMember: false)
        }
        guard let kind = member.string.flatMap({ SeedKind(rawValue: $0) }) else {
            markIncomplete(SeedKind.allCases)
            let found = member.string.map { "unknown kind \"\($0.safe(for: .message))\"" } ?? "expected a string"
            return report(
                at: cursor.position(of: member.offset),
                field: Self.kindMember,
                "\(found); known are \(Self.kindNames)"
            )
        }
        if let fileKind, fileKind != kind {
            report(
                at: cursor.position(of: member.offset),
                field: Self.kindMember,
                "\(kind.rawValue), but --kind says \(fileKind.rawValue)"
            )
        }
        read(object, of: kind, in: text, from: start, hasKindMember: true)
    }

    static let kindNames = SeedKind.allCases.map(\.rawValue).joined(separator: ", ")

    private mutating func read(
        _ object: JSONValue,
        of kind: SeedKind,
        in text: [UInt8],
        from start: TextPosition,
        hasKindMember: Bool
    ) {
        var cursor = TextCursor(text, from: start)
        guard object.kind == .object else {
            markIncomplete([kind])
            return report(
                at: cursor.position(of: object.offset),
                field: kind.rawValue,
                "expected an object, found \(object.kind.article)"
            )
        }
        var draft = Draft(kind, at: cursor.position(of: object.offset))
        let columns = kind.columns
        for (key, keyOffset, json) in object.members {
            guard let index = kind.index(of: key) else {
                if hasKindMember, key == Self.kindMember { continue }
                draft.isGood = false
                draft.isWhole = false
                report(at: cursor.position(of: keyOffset), field: key.safe(for: .message), Self.unknownField(of: kind))
                continue
            }
            add(columns[index].value(of: json), at: cursor.position(of: json.offset), index: index, to: &draft)
        }
        finish(draft)
    }

    private static func unknownField(of kind: SeedKind) -> String {
        "unknown field; \(kind.rawValue) have \(kind.columns.map(\.name).joined(separator: ", "))"
    }
}

// MARK: - CSV

extension SeedRowReader {
    /// Which column of the kind each field of a record is.
    struct Header {
        let kind: SeedKind
        /// Nil for a field that is not known.
        let columns: [Int?]
        /// Columns that every row must have, and none of this file has.
        let missing: Set<Int>
    }

    /// Reads the line that names the fields.
    mutating func readHeader(_ record: CSVScanner.Record, of kind: SeedKind) -> Header {
        name(kind)
        for fault in record.faults { report(at: fault.place, fault.message) }
        var columns: [Int?] = []
        for field in record.fields {
            let name = record.string(field)
            let index = name.flatMap { kind.index(of: $0) }
            if let index, columns.contains(index) {
                report(at: field.place, field: kind.columns[index].name, "named twice")
                columns.append(nil)
                continue
            }
            columns.append(index)
            if index == nil, record.faults.isEmpty {
                report(at: field.place, field: (name ?? "\u{FFFD}").safe(for: .message), Self.unknownField(of: kind))
            }
        }
        let missing = kind.columns.indices.filter { index in
            kind.columns[index].presence == .required && !columns.contains(index)
        }
        for index in missing { report(at: record.place, field: kind.columns[index].name, "missing") }
        // Which rows there are cannot be told then.
        if missing.contains(where: { kind.key.contains(kind.columns[$0].name) }) { markIncomplete([kind]) }
        return Header(kind: kind, columns: columns, missing: Set(missing))
    }

    mutating func read(_ record: CSVScanner.Record, under header: Header) {
        var draft = Draft(header.kind, at: record.place)
        for fault in record.faults {
            draft.isGood = false
            draft.hasCertainFields = false
            report(at: fault.place, fault.message)
        }
        // A fault of the text makes the number of fields another; one is enough.
        if record.fields.count != header.columns.count {
            draft.isGood = false
            if record.faults.isEmpty {
                report(at: record.place, "expected \(header.columns.count) fields, found \(record.fields.count)")
            }
            return keepKey(of: record, under: header, draft)
        }
        for (field, index) in zip(record.fields, header.columns) {
            guard let index else {
                draft.isGood = false
                draft.isWhole = false
                continue
            }
            let column = header.kind.columns[index]
            guard let text = record.string(field) else {
                draft.isGood = false
                draft.isGiven[index] = true
                report(at: field.place, field: column.name, "invalid UTF-8")
                continue
            }
            add(column.value(ofField: text, isQuoted: field.isQuoted), at: field.place, index: index, to: &draft)
        }
        finish(draft, missingReported: header.missing)
    }

    /// Of a row whose fields cannot be told apart, those before the first fault are most likely right.
    private mutating func keepKey(of record: CSVScanner.Record, under header: Header, _ draft: Draft) {
        var draft = draft
        for (field, index) in zip(record.fields, header.columns) {
            guard let index, header.kind.key.contains(header.kind.columns[index].name), let text = record.string(field),
                case .value(let value) = header.kind.columns[index].value(ofField: text, isQuoted: field.isQuoted)
            else { continue }
            draft.fields[index] = SeedRow.Field(value, line: field.place.line, column: field.place.column)
        }
        batch.append(
            SeedRow(kind: draft.kind, position: position(draft.place), fields: draft.fields),
            known: 0
        )
    }
}
