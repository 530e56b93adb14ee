internal import JSON
internal import Persistence

/// One JSON object: what was asked, as of when, and the rows, one a line.
struct JSONFormat: ReportFormat {
    private var names: [String] = []
    private var isFirst = true

    /// The object up to its rows.
    mutating func begin(_ heading: ReportHeading) -> [UInt8] {
        names = heading.columns.map(\.name)
        var json = JSONWriter()
        json.beginObject()
        for (name, value) in heading.members {
            json.key(name)
            json.value(value)
        }
        json.key("rows")
        json.beginArray()
        return json.bytes
    }

    mutating func row(_ values: [ReportValue]) -> [UInt8] {
        var json = JSONWriter()
        json.row(names, values)
        defer { isFirst = false }
        return Array((isFirst ? "\n" : ",\n").utf8) + json.bytes
    }

    mutating func end() -> [UInt8] { Array("\n]}\n".utf8) }
}
