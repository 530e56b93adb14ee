/// Columns over time, each a stack of the same series: an inline SVG that is as wide as its place.
///
/// Widths are per cent and heights are pixels, so that the text keeps its size on a telephone and on a screen.
struct ColumnChart {
    struct Column {
        /// What stands below it, where there is room.
        let label: String
        /// What a pointer that rests on it is told.
        let hint: String
        /// One for each series, from the bottom up.
        let values: [Int64]
        /// Whether its time was not over when the figures were read: less is to be expected of it.
        let isUnfinished: Bool
    }

    /// Unique on the page: what the parts refer to each other by.
    let id: String
    let title: String
    /// What it shows, for those who cannot see it.
    let summary: String
    let columns: [Column]

    private static let height = 220.0
    private static let base = 194.0
    private static let ceiling = 10.0
    private static let labelRoom = 7

    var html: HTML {
        let scale = AxisScale(holding: columns.map { $0.values.reduce(0, +) }.max() ?? 0)
        func y(_ value: Double) -> Double { Self.base - value / scale.top * (Self.base - Self.ceiling) }
        let axis = scale.ticks.map { tick -> HTML in
            #"<text x="36" y="\#(y(tick) + 4)" text-anchor="end">\#(Figures.short(tick))</text>"#
        }
        let grid = scale.ticks.map { tick -> HTML in
            let kind: HTML = tick == 0 ? "base" : "grid"
            return #"<line class="\#(kind)" x1="0" x2="100%" y1="\#(y(tick))" y2="\#(y(tick))"/>"#
        }
        let width = 100 / Double(max(columns.count, 1))
        let marks = columns.enumerated().map { index, column -> HTML in
            var below: Int64 = 0
            let parts = column.values.enumerated().map { series, value -> HTML in
                guard value > 0 else { return .nothing }
                let bottom = y(Double(below))
                below += value
                let top = y(Double(below))
                return #"""
                    <rect class="s\#(series + 1)" x="\#(Double(index) * width + width * 0.14)%" \#
                    width="\#(width * 0.72)%" y="\#(top)" height="\#(bottom - top)"/>
                    """#
            }
            return #"""
                <g\#(column.isUnfinished ? HTML(" class=\"part\"") : .nothing)><title>\#(column.hint)</title><rect class="reach" x="\#(Double(index) * width)%" \#
                width="\#(width)%" y="0" height="\#(Self.base)"/>\#(parts)</g>

                """#
        }
        return #"""
            <div class="plot">
            <svg class="axis" width="44" height="\#(Self.height)" aria-hidden="true">\#(axis)</svg>
            <svg class="area" height="\#(Self.height)" role="img" aria-labelledby="\#(id)-title \#(id)-summary">
            <title id="\#(id)-title">\#(title)</title><desc id="\#(id)-summary">\#(summary)</desc>
            \#(grid)
            \#(marks)\#(labels(width: width))
            </svg>
            </div>

            """#
    }

    /// As many labels as there is room for; every other one is left out where the page is narrow.
    private func labels(width: Double) -> [HTML] {
        let stride = max(1, (columns.count + Self.labelRoom - 1) / Self.labelRoom)
        return columns.enumerated().filter { $0.offset.isMultiple(of: stride) }.map { index, column -> HTML in
            let isMinor = !(index / stride).isMultiple(of: 2)
            let centre = (Double(index) + 0.5) * width
            let (anchor, x): (HTML, Double) =
                centre < 4 ? ("start", 0) : centre > 96 ? ("end", 100) : ("middle", centre)
            return #"""
                <text\#(isMinor ? HTML(" class=\"minor\"") : .nothing) x="\#(x)%" y="\#(Self.height - 6)" \#
                text-anchor="\#(anchor)">\#(column.label)</text>
                """#
        }
    }
}
