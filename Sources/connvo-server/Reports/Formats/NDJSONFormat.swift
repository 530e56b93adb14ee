internal import NIOCore
internal import Persistence

/// One JSON object a line: nothing else, so that each line can be read alone.
struct NDJSONFormat: ReportFormat {
    private var names: [String] = []

    mutating func begin(_ heading: ReportHeading) -> [UInt8] {
        names = heading.columns.map(\.name)
        return []
    }

    mutating func row(_ values: [ReportValue]) -> [UInt8] {
        var line = ByteBuffer()
        line.writeObject(names, values)
        line.writeStaticString("\n")
        return Array(buffer: line)
    }

    mutating func end() -> [UInt8] { [] }
}

extension ByteBuffer {
    /// Writes a row as a JSON object whose members are in the order of the columns.
    mutating func writeObject(_ names: [String], _ values: [ReportValue]) {
        writeStaticString("{")
        for (index, (name, value)) in zip(names, values).enumerated() {
            if index > 0 { writeStaticString(",") }
            writeJSON(name)
            writeStaticString(":")
            writeJSON(value)
        }
        writeStaticString("}")
    }

    mutating func writeJSON(_ value: ReportValue) {
        switch value {
        case .null: writeStaticString("null")
        // JSON has no word for these (RFC 8259, section 6).
        case .decimal(let number) where !number.isFinite: writeStaticString("null")
        case .integer, .decimal, .boolean: writeString(value.plain)
        case .text, .instant, .day: writeJSON(value.plain)
        }
    }
}
