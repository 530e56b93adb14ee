internal import Persistence
internal import Text

/// Columns for people: a heading that names the time zone, numbers at the right, and how many rows there were.
///
/// The widths are those of all rows, so nothing is written before the end. Control characters are shown as escapes: a
/// user agent must not be able to give orders to the terminal.
struct TableFormat: ReportFormat {
    private var heading: ReportHeading?
    private var rows: [[ReportValue]] = []

    mutating func begin(_ heading: ReportHeading) -> [UInt8] {
        self.heading = heading
        return []
    }

    mutating func row(_ values: [ReportValue]) -> [UInt8] {
        rows.append(values)
        return []
    }

    mutating func end() -> [UInt8] {
        guard let heading else { return [] }
        let columns = heading.columns
        var cells = [columns.map(\.name)]
        cells += rows.map { $0.map(\.shown) }
        let widths = columns.indices.map { column in cells.map { $0[column].displayWidth }.max() ?? 0 }
        let isRight = columns.map { $0.kind == .integer || $0.kind == .decimal }

        func line(_ cells: [String]) -> String {
            let padded = cells.indices.map { index in
                let blanks = String(repeating: " ", count: widths[index] - cells[index].displayWidth)
                if isRight[index] { return blanks + cells[index] }
                return index == cells.indices.last ? cells[index] : cells[index] + blanks
            }
            return padded.joined(separator: "  ")
        }
        var lines = heading.title + [""]
        lines.append(line(cells[0]))
        lines.append(widths.map { String(repeating: "-", count: $0) }.joined(separator: "  "))
        lines += cells.dropFirst().map(line)
        lines.append("")
        lines.append(rows.count == 1 ? "1 row" : "\(rows.count) rows")
        return Array((lines.joined(separator: "\n") + "\n").utf8)
    }
}

extension ReportValue {
    fileprivate var shown: String {
        switch self {
        case .null: "-"
        case .text(let text): text.safe(for: .table)
        case .decimal(let number): number.isFinite ? Figures.decimal(number) : plain
        case .instant(let instant): instant.clockText
        default: plain
        }
    }
}

extension String {
    /// How many cells a terminal uses: two for the wide characters of East Asia and for emoji.
    var displayWidth: Int {
        utf8.count == count ? count : reduce(0) { $0 + $1.displayWidth }
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        if first.properties.isEmojiPresentation { return 2 }
        // The blocks that are wide as a whole (Unicode UAX #11, East Asian Width W and F).
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
            0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
