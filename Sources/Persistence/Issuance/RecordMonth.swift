internal import Domain

/// A month in UTC: each record table has a partition of its own for it.
struct RecordMonth: Equatable {
    /// The first instant.
    let starts: Timestamp
    /// The first instant of the next month.
    let ends: Timestamp

    init(of instant: Timestamp) {
        let date = instant.date
        starts = Self.firstInstant(year: date.year, month: date.month)
        ends =
            date.month == 12
            ? Self.firstInstant(year: date.year + 1, month: 1)
            : Self.firstInstant(year: date.year, month: date.month + 1)
    }

    private static func firstInstant(year: Int64, month: Int64) -> Timestamp {
        Timestamp(secondsSinceEpoch: CalendarDate(year: year, month: month, day: 1).daysSinceEpoch * 86_400)
    }

    /// Whether all of a stretch of time lies in the month.
    func contains(from first: Timestamp, to last: Timestamp) -> Bool {
        starts <= first && last < ends
    }

    /// As `2026-11`.
    var name: String { String(starts.rfc3339.prefix(7)) }
}
