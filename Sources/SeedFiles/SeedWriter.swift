internal import Domain
internal import JSON
package import Persistence

/// Writes rows in the formats that seeding reads, the same rows always as the same bytes.
///
/// Rows come by kind, in the order of the kinds. Every kind is written, also those without rows.
package struct SeedWriter {
    private let format: SeedFormat
    /// Kinds that have not begun, the next one last.
    private var coming: [SeedKind]
    private var current: SeedKind?
    private var hasRows = false
    private var bytes: [UInt8] = []

    /// - Precondition: CSV has one kind.
    package init(_ format: SeedFormat, kinds: [SeedKind]) {
        precondition(format != .csv || kinds.count == 1, "CSV holds one kind")
        self.format = format
        self.coming = kinds.reversed()
        if format == .json { append("{") }
        if format == .csv { beginNextKind() }
    }

    /// How much is waiting to be taken.
    package var count: Int { bytes.count }

    /// What has been written since the last call.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    /// - Throws: ``SeedWriterError`` for a time that no file can hold.
    package mutating func write(_ values: [SeedValue], of kind: SeedKind) throws {
        while current != kind { beginNextKind() }
        switch format {
        case .json:
            append(hasRows ? ",\n    {" : "\n    {")
            try writeMembers(values, of: kind)
            append("}")
        case .ndjson:
            append("{\"kind\": \"\(kind.rawValue)\", ")
            try writeMembers(values, of: kind)
            append("}\n")
        case .csv:
            for (index, value) in values.enumerated() {
                if index > 0 { append(",") }
                writeField(try text(of: value, in: kind, values))
            }
            append("\n")
        }
        hasRows = true
    }

    package mutating func finish() {
        while !coming.isEmpty { beginNextKind() }
        if format == .json {
            endKind()
            append("\n}\n")
        }
    }

    private mutating func beginNextKind() {
        let kind = coming.removeLast()
        switch format {
        case .json:
            endKind()
            append("\(current == nil ? "" : ",")\n  \"\(kind.rawValue)\": [")
        case .ndjson:
            break
        case .csv:
            append(kind.columns.map(\.name).joined(separator: ",") + "\n")
        }
        current = kind
        hasRows = false
    }

    private mutating func endKind() {
        if current != nil { append(hasRows ? "\n  ]" : "]") }
    }

    private mutating func writeMembers(_ values: [SeedValue], of kind: SeedKind) throws {
        for (index, (column, value)) in zip(kind.columns, values).enumerated() {
            if index > 0 { append(", ") }
            append("\"")
            append(column.name)
            append("\": ")
            switch value {
            case .absent, .null: append("null")
            case .boolean, .integer: append(try text(of: value, in: kind, values) ?? "")
            case .text, .timestamp: JSONWriter.append(string: try text(of: value, in: kind, values) ?? "", to: &bytes)
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
                throw SeedWriterError(
                    description: "\(kind.rawValue) \(kind.keyText(of: row)): a time outside the years 1 to 9999"
                )
            }
            return instant.rfc3339(fraction: .whereNeeded)
        }
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// Quoted where it has to be, and where it is empty: without quotes that would be null.
    private mutating func writeField(_ text: String?) {
        guard let text else { return }
        let isPlain = text.utf8.allSatisfy { byte in
            byte != UInt8(ascii: ",") && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\n")
                && byte != UInt8(ascii: "\r")
        }
        guard !isPlain || text.isEmpty else {
            append(text)
            return
        }
        append("\"")
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        append("\"")
    }
}

/// Why a row cannot be written.
package struct SeedWriterError: Error, CustomStringConvertible {
    package let description: String
}

extension SeedKind {
    /// The key of a row, in one word: `meeting_1/user_2`.
    package func keyText(of values: [SeedValue]) -> String {
        zip(columns, values).filter { key.contains($0.0.name) }.map { _, value in
            if case .text(let text) = value { text } else { "?" }
        }.joined(separator: "/")
    }
}
