internal import Domain
internal import Persistence

/// The days of a period put together so that a chart of them stays legible: days, weeks or months.
struct TimeBuckets {
    enum Unit: String {
        case day, week, month

        /// As a heading.
        var title: String {
            switch self {
            case .day: "Day"
            case .week: "Week"
            case .month: "Month"
            }
        }
    }

    struct Bucket {
        /// For the axis.
        let label: String
        /// For a sentence and for a row of a table.
        let name: String
        let days: ArraySlice<Overview.Day>
    }

    let unit: Unit
    let buckets: [Bucket]

    init(_ days: [Overview.Day]) {
        unit = days.count <= 92 ? .day : days.count <= 731 ? .week : .month
        var buckets: [Bucket] = []
        var start = days.startIndex
        while start < days.endIndex {
            let first = days[start].day
            let end =
                switch unit {
                case .day: start + 1
                case .week: min(start + 7, days.endIndex)
                case .month:
                    days[start...].firstIndex { $0.day.monthAndYear != first.monthAndYear } ?? days.endIndex
                }
            let (label, name) =
                switch unit {
                case .day: (first.dayAndMonth, first.dayMonthYear)
                case .week: (first.dayAndMonth, "week from \(first.dayMonthYear)")
                case .month: (first.monthAndYear, first.monthAndYear)
                }
            buckets.append(Bucket(label: label, name: name, days: days[start..<end]))
            start = end
        }
        self.buckets = buckets
    }
}
