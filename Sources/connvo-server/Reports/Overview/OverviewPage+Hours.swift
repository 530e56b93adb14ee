internal import Domain
internal import Persistence

// Tokens by hour of the day and day of the week.

extension OverviewPage {
    var hours: HTML {
        let hours = overview.hours
        var busiest: (day: Int, hour: Int, count: Int64) = (0, 0, 0)
        for (day, counts) in hours.enumerated() {
            for (hour, count) in counts.enumerated() where count > busiest.count { busiest = (day, hour, count) }
        }
        let peak = "\(HeatMap.weekdays[busiest.day]) \(busiest.hour.hourText)"
        let map = HeatMap(
            id: "hours",
            title: "Tokens by hour of the day and day of the week",
            summary: "Seven rows of 24 hours, in UTC. Most tokens: \(peak), \(Figures.grouped(busiest.count)).",
            counts: hours
        )
        let table = DataTable(
            caption: "Tokens by hour of the day and day of the week",
            columns: [.init(title: "Hour")] + HeatMap.weekdays.map { .init(title: $0, isNumber: true) },
            rows: (0..<24).map { hour in [.text(hour.hourText)] + hours.map { .number($0[hour]) } }
        )
        let shades = (0...HeatMap.shades).map { shade -> HTML in #"<i class="h\#(shade)"></i>"# }
        return section(
            "Busiest hours",
            busiest.count == 0
                ? "Tokens by weekday and hour, UTC."
                : "Tokens by weekday and hour, UTC. Most: \(peak), \(Figures.grouped(busiest.count)).",
            busiest.count == 0
                ? Self.nothing
                : """
                \(map.html)<div class="steps" aria-hidden="true"><span>0</span>\(shades)\
                <span>\(Figures.grouped(busiest.count))</span></div>
                \(table.folded)
                """
        )
    }
}
