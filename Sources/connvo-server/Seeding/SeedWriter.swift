internal import Domain
internal import NIOCore
internal import Persistence

/// Writes rows in the formats that seeding reads, the same rows always as the same bytes.
///
/// Rows come by kind, in the order of the kinds. Every kind is written, also those without rows.
struct SeedWriter {
    /// Why a row cannot be written.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let format: SeedFormat
    /// Kinds that have not begun, the next one last.
    private var coming: [SeedKind]
    private var current: SeedKind?
    private var hasRows = false
    private var buffer = ByteBuffer()

    /// - Precondition: CSV has one kind.
    init(_ format: SeedFormat, kinds: [SeedKind]) {
        precondition(format != .csv || kinds.count == 1, "CSV holds one kind")
        self.format = format
        self.coming = kinds.reversed()
        if format == .json { buffer.writeStaticString("{") }
        if format == .csv { beginNextKind() }
    }

    /// How much is waiting to be taken.
    var count: Int { buffer.readableBytes }

    /// What has been written since the last call.
    mutating func take() -> [UInt8] {
        defer { buffer.clear() }
        return Array(buffer.readableBytesView)
    }

    /// - Throws: ``Failure`` for a time that no file can hold.
    mutating func write(_ values: [SeedValue], of kind: SeedKind) throws {
        while current != kind { beginNextKind() }
        switch format {
        case .json:
            buffer.writeStaticString(hasRows ? ",\n    {" : "\n    {")
            try writeMembers(values, of: kind)
            buffer.writeStaticString("}")
        case .ndjson:
            buffer.writeString("{\"kind\": \"\(kind.rawValue)\", ")
            try writeMembers(values, of: kind)
            buffer.writeStaticString("}\n")
        case .csv:
            for (index, value) in values.enumerated() {
                if index > 0 { buffer.writeStaticString(",") }
                writeField(try text(of: value, in: kind, values))
            }
            buffer.writeStaticString("\n")
        }
        hasRows = true
    }

    mutating func finish() {
        while !coming.isEmpty { beginNextKind() }
        if format == .json {
            endKind()
            buffer.writeStaticString("\n}\n")
        }
    }

    private mutating func beginNextKind() {
        let kind = coming.removeLast()
        switch format {
        case .json:
            endKind()
            buffer.writeString("\(current == nil ? "" : ",")\n  \"\(kind.rawValue)\": [")
        case .ndjson:
            break
        case .csv:
            buffer.writeString(kind.columns.map(\.name).joined(separator: ",") + "\n")
        }
        current = kind
        hasRows = false
    }

    private mutating func endKind() {
        if current != nil { buffer.writeStaticString(hasRows ? "\n  ]" : "]") }
    }

    private mutating func writeMembers(_ values: [SeedValue], of kind: SeedKind) throws {
        for (index, (column, value)) in zip(kind.columns, values).enumerated() {
            if index > 0 { buffer.writeStaticString(", ") }
            buffer.writeStaticString("\"")
            buffer.writeString(column.name)
            buffer.writeStaticString("\": ")
            switch value {
            case .absent, .null: buffer.writeStaticString("null")
            case .boolean, .integer: buffer.writeString(try text(of: value, in: kind, values) ?? "")
            case .text, .timestamp: buffer.writeJSON(try text(of: value, in: kind, values) ?? "")
            }
        }
    }

    /// Nil for null.
    private func text(of value: SeedValue, in kind: SeedKind, _ row: [SeedValue]) throws -> String? {
        switch value {
        case .absent, .null: return nil
        case .text(let text): return text
        case .boolean(let isTrue): return isTrue ? "true" : "false"
        case .integer(let number): return String(number)
        case .timestamp(let instant):
            guard instant.isReadableFromRFC3339 else {
                throw Failure(
                    description: "\(kind.rawValue) \(kind.keyText(of: row)): a time outside the years 1 to 9999"
                )
            }
            return instant.rfc3339(fraction: .whereNeeded)
        }
    }

    /// Quoted where it has to be, and where it is empty: without quotes that would be null.
    private mutating func writeField(_ text: String?) {
        guard let text else { return }
        let isPlain = text.utf8.allSatisfy { byte in
            byte != UInt8(ascii: ",") && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\n")
                && byte != UInt8(ascii: "\r")
        }
        guard !isPlain || text.isEmpty else {
            buffer.writeString(text)
            return
        }
        buffer.writeStaticString("\"")
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { buffer.writeInteger(byte) }
            buffer.writeInteger(byte)
        }
        buffer.writeStaticString("\"")
    }
}

extension SeedKind {
    /// The key of a row, in one word: `meeting_1/user_2`.
    func keyText(of values: [SeedValue]) -> String {
        zip(columns, values).filter { key.contains($0.0.name) }.map { _, value in
            if case .text(let text) = value { text } else { "?" }
        }.joined(separator: "/")
    }
}
