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
        /// For a sentence and for a row of a table; says so where the time is not over.
        let name: String
        let days: ArraySlice<Overview.Day>
        /// Whether its time was not over when the figures were read.
        let isUnfinished: Bool
    }

    let unit: Unit
    let buckets: [Bucket]

    /// - Parameter readAt: When the figures were read.
    init(_ days: [Overview.Day], at readAt: Timestamp) {
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
            let isUnfinished = readAt < days[end - 1].day + .days(1)
            let state = !isUnfinished ? "" : readAt < first ? ", to come" : ", so far"
            buckets.append(
                Bucket(
                    label: label,
                    name: name + Self.extent(end - start, of: unit, from: first) + state,
                    days: days[start..<end],
                    isUnfinished: isUnfinished
                )
            )
            start = end
        }
        self.buckets = buckets
    }

    /// A week or a month of which the period holds a part only, as at its ends.
    private static func extent(_ days: Int, of unit: Unit, from first: Timestamp) -> String {
        let isWhole =
            switch unit {
            case .day: true
            case .week: days == 7
            case .month: first.date.day == 1 && (first + .days(Int64(days))).date.day == 1
            }
        return isWhole ? "" : " (\(Figures.counted(Int64(days), "day")))"
    }
}
