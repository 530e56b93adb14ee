extension Timestamp {
    /// The day in UTC.
    package var date: CalendarDate { CalendarDate(daysSinceEpoch: daysSinceEpoch) }

    /// The time of day in UTC, in whole seconds: 0 to 86,399.
    package var secondOfDay: Int64 { secondsSinceEpoch - daysSinceEpoch * Self.secondsPerDay }

    /// Microseconds since the second began: 0 to 999,999.
    package var microsecondOfSecond: Int64 {
        // Wrapping arithmetic, because the first representable second starts before the range of Int64.
        microsecondsSinceEpoch &- secondsSinceEpoch &* 1_000_000
    }

    /// The first instant of the day in UTC.
    package var startOfDay: Timestamp { Timestamp(secondsSinceEpoch: daysSinceEpoch * Self.secondsPerDay) }

    package var isStartOfHour: Bool { microsecondsSinceEpoch.isMultiple(of: 3_600_000_000) }

    package var isStartOfDay: Bool { microsecondsSinceEpoch.isMultiple(of: 86_400_000_000) }

    /// Whole days since 1970-01-01 in UTC, rounded down.
    private var daysSinceEpoch: Int64 {
        let seconds = secondsSinceEpoch
        return seconds >= 0 ? seconds / Self.secondsPerDay : (seconds - Self.secondsPerDay + 1) / Self.secondsPerDay
    }

    private static let secondsPerDay: Int64 = 86_400
}
