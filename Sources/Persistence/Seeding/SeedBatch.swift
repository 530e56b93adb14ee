/// The rows of all files of one seed, compact: as the bytes that COPY sends, with the places they were read from.
///
/// A row takes about as much memory as in its file, and eight bytes a column.
package struct SeedBatch: Sendable {
    /// Where a row begins, or a value stands. Line 0 means that the value was left out.
    private struct Place: Sendable {
        private static let nullBit: UInt32 = 1 << 31

        let line: UInt32
        private let columnAndNull: UInt32

        init(line: Int, column: Int, isNull: Bool = false) {
            self.line = UInt32(clamping: line)
            self.columnAndNull = min(UInt32(clamping: column), Self.nullBit - 1) | (isNull ? Self.nullBit : 0)
        }

        var column: UInt32 { columnAndNull & ~Self.nullBit }
        var isNull: Bool { columnAndNull & Self.nullBit != 0 }
    }

    private struct Rows: Sendable {
        var count = 0
        /// Full ones; the encoder holds what comes next.
        var chunks: [[UInt8]] = []
        var encoder = SeedCopyEncoder()
        /// For each row its beginning, then its columns.
        var places: [Place] = []
        /// For each row the index of its file.
        var files: [UInt32] = []
    }

    /// Bytes that go to the server at a time.
    private static let chunkSize = 64 * 1024

    private var files: [String] = []
    private var rows: [SeedKind: Rows] = [:]
    /// Kinds that the files say something about, if only that there are no rows of them: without one, pruning a kind
    /// would remove all there is.
    package private(set) var namedKinds: Set<SeedKind> = []
    /// Kinds of which there may be rows that could not be read. A reference to one of those cannot be checked.
    package private(set) var incompleteKinds: Set<SeedKind> = []

    /// Whether a row has a fault, so that none may be written.
    private(set) var hasFaultyRows = false

    package init() {}

    /// Rows of any kinds, in any order.
    package init(_ rows: some Sequence<SeedRow>) {
        for row in rows { append(row) }
    }

    /// Adds a row.
    ///
    /// - Parameter known: Of a row with a fault that has been reported, the columns of which it is certain what they are
    ///   to be; see ``SeedKind/mask(of:)``. Such a row is not written, but it is checked as far as it is known, and
    ///   others may refer to it. Nil for a row without fault.
    package mutating func append(_ row: SeedRow, known: Int? = nil) {
        name(row.kind)
        let file = index(ofFile: row.position.file)
        var kept = rows.removeValue(forKey: row.kind) ?? Rows()
        kept.encoder.append(row, number: kept.count, known: known ?? row.kind.allColumns)
        if known != nil { hasFaultyRows = true }
        if kept.encoder.bytes.count >= Self.chunkSize {
            kept.chunks.append(kept.encoder.bytes)
            kept.encoder = SeedCopyEncoder(reserving: Self.chunkSize + 4096)
        }
        kept.places.append(Place(line: row.position.line, column: row.position.column))
        for field in row.fields {
            kept.places.append(
                Place(line: Int(field.line), column: Int(field.column), isNull: field.value == .null)
            )
        }
        kept.files.append(file)
        kept.count += 1
        rows[row.kind] = kept
    }

    package mutating func name(_ kind: SeedKind) { namedKinds.insert(kind) }

    package mutating func markIncomplete(_ kinds: some Sequence<SeedKind>) { incompleteKinds.formUnion(kinds) }

    /// How many rows of `kind` there are, bad ones included.
    package func count(_ kind: SeedKind) -> Int { rows[kind]?.count ?? 0 }

    package var count: Int { rows.values.reduce(0) { $0 + $1.count } }

    /// How many pieces ``chunk(_:of:)`` has.
    func chunkCount(_ kind: SeedKind) -> Int { rows[kind].map { $0.chunks.count + 1 } ?? 0 }

    /// A piece of the rows of `kind` in COPY's text format. Empty is possible.
    func chunk(_ index: Int, of kind: SeedKind) -> [UInt8] {
        guard let rows = rows[kind] else { return [] }
        return index < rows.chunks.count ? rows.chunks[index] : rows.encoder.bytes
    }

    /// Where a row begins. Rows that the database derived from a meeting have negative numbers; see
    /// ``SeedTable/addOrganizers``.
    func position(ofRow number: Int, of kind: SeedKind) -> SeedPosition {
        position(number, of: kind, offset: 0)
    }

    /// Where the first of `columns` with a value stands, or the row's beginning when none has one.
    func position(of columns: [String], inRow number: Int, of kind: SeedKind) -> SeedPosition {
        guard let rows = rows[kind], rows.files.indices.contains(number) else {
            return position(ofRow: number, of: kind)
        }
        let stride = kind.columns.count + 1
        let offsets = columns.compactMap { kind.index(of: $0) }.map { $0 + 1 }
            .filter { rows.places[number * stride + $0].line > 0 }
        let present = offsets.first { !rows.places[number * stride + $0].isNull } ?? offsets.first
        return position(number, of: kind, offset: present ?? 0)
    }

    private func position(_ number: Int, of kind: SeedKind, offset: Int) -> SeedPosition {
        guard let rows = rows[kind], rows.files.indices.contains(number) else {
            return SeedPosition(file: "?", line: 0, column: 0)
        }
        let place = rows.places[number * (kind.columns.count + 1) + offset]
        return SeedPosition(file: files[Int(rows.files[number])], line: Int(place.line), column: Int(place.column))
    }

    private mutating func index(ofFile name: String) -> UInt32 {
        if files.last != name {
            if let index = files.firstIndex(of: name) { return UInt32(clamping: index) }
            files.append(name)
        }
        return UInt32(clamping: files.count - 1)
    }
}
