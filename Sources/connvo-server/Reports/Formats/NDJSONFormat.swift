internal import JSON
internal import Persistence

/// One JSON object a line: nothing else, so that each line can be read alone.
struct NDJSONFormat: ReportFormat {
    private var names: [String] = []

    mutating func begin(_ heading: ReportHeading) -> [UInt8] {
        names = heading.columns.map(\.name)
        return []
    }

    mutating func row(_ values: [ReportValue]) -> [UInt8] {
        var json = JSONWriter()
        json.row(names, values)
        return json.bytes + [UInt8(ascii: "\n")]
    }

    mutating func end() -> [UInt8] { [] }
}
