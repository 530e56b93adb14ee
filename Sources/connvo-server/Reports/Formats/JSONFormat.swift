internal import NIOCore
internal import Persistence

/// One JSON object: what was asked, as of when, and the rows, one a line.
struct JSONFormat: ReportFormat {
    private var names: [String] = []
    private var isFirst = true

    mutating func begin(_ heading: ReportHeading) -> [UInt8] {
        names = heading.columns.map(\.name)
        var buffer = ByteBuffer()
        buffer.writeStaticString("{")
        for (name, value) in heading.members {
            buffer.writeJSON(name)
            buffer.writeStaticString(":")
            buffer.writeJSON(value)
            buffer.writeStaticString(",")
        }
        buffer.writeStaticString("\"rows\":[")
        return Array(buffer: buffer)
    }

    mutating func row(_ values: [ReportValue]) -> [UInt8] {
        var line = ByteBuffer(string: isFirst ? "\n" : ",\n")
        isFirst = false
        line.writeObject(names, values)
        return Array(buffer: line)
    }

    mutating func end() -> [UInt8] { Array("\n]}\n".utf8) }
}
