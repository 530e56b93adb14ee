internal import Persistence

/// Comma-separated values (RFC 4180): a header line, CRLF line ends, quotes where they are needed.
///
/// Spreadsheets take text that begins with `=`, `+`, `-`, `@`, a tab or a line end for a formula, so such a text gets an
/// apostrophe in front (OWASP, "CSV Injection"). Numbers stay numbers. NULL is an empty field, and an empty
/// text is `""`.
struct CSVFormat: ReportFormat {
    mutating func begin(_ heading: ReportHeading) -> [UInt8] {
        line(heading.columns.map { .text($0.name) })
    }

    mutating func row(_ values: [ReportValue]) -> [UInt8] { line(values) }

    mutating func end() -> [UInt8] { [] }

    private func line(_ values: [ReportValue]) -> [UInt8] {
        Array((values.map(field).joined(separator: ",") + "\r\n").utf8)
    }

    private func field(_ value: ReportValue) -> String {
        switch value {
        case .null: ""
        case .text(let text): quoted(defused(text))
        default: value.plain
        }
    }

    private func defused(_ text: String) -> String {
        switch text.unicodeScalars.first {
        case "=", "+", "-", "@", "\t", "\r", "\n": "'" + text
        default: text
        }
    }

    private func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && !text.unicodeScalars.contains { ",\"\r\n".unicodeScalars.contains($0) }
        return isPlain ? text : "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}
