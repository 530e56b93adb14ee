internal import Domain

/// Hours of the day by days of the week: the darker, the more. An inline SVG that is as wide as its place.
struct HeatMap {
    let id: String
    let title: String
    let summary: String
    /// Seven rows of 24, Monday first.
    let counts: [[Int64]]

    static let weekdays = Weekday.allCases.map(\.shortName)
    private static let rowHeight = 24.0
    /// Shades beside "none": few enough to be told apart.
    static let shades = 5

    /// From 0, none, to ``shades``, in equal steps up to the largest count.
    static func shade(_ count: Int64, largest: Int64) -> Int {
        guard count > 0, largest > 0 else { return 0 }
        return min(shades, Int((Double(count) / Double(largest) * Double(shades)).rounded(.up)))
    }

    var html: HTML {
        let largest = counts.joined().max() ?? 0
        let width = 100.0 / 24
        let days = Self.weekdays.enumerated().map { index, day -> HTML in
            #"<text x="36" y="\#(Double(index) * Self.rowHeight + 16)" text-anchor="end">\#(day)</text>"#
        }
        let cells = counts.enumerated().map { day, hours -> HTML in
            let row = hours.enumerated().map { hour, count -> HTML in
                #"""
                <rect class="h\#(Self.shade(count, largest: largest))" x="\#(Double(hour) * width)%" \#
                width="\#(width)%" y="\#(Double(day) * Self.rowHeight)" height="\#(Self.rowHeight)">\#
                <title>\#(Self.weekdays[day]) \#(hour.hourText): \#(Figures.grouped(count))</title></rect>
                """#
            }
            return "\(row)\n"
        }
        let height = Self.rowHeight * 7
        let hours = stride(from: 0, to: 24, by: 3).map { hour -> HTML in
            let kind: HTML = hour.isMultiple(of: 6) ? .nothing : #" class="minor""#
            return #"<text\#(kind) x="\#(Double(hour) * width)%" y="\#(height + 18)">\#(hour.hourText)</text>"#
        }
        return #"""
            <div class="plot">
            <svg class="axis" width="44" height="\#(height + 24)" aria-hidden="true">\#(days)</svg>
            <svg class="area heat" height="\#(height + 24)" role="img" aria-labelledby="\#(id)-title \#(id)-summary">
            <title id="\#(id)-title">\#(title)</title><desc id="\#(id)-summary">\#(summary)</desc>
            \#(cells)\#(hours)
            </svg>
            </div>

            """#
    }
}

extension Int {
    /// The hour as `09:00`.
    var hourText: String { (self < 10 ? "0" : "") + "\(self):00" }
}
