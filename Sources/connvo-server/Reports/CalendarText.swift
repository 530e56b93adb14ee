internal import Domain

/// Days and months for people, in UTC.
extension Timestamp {
    /// `26 Nov`.
    var dayAndMonth: String { "\(date.day) \(date.monthName)" }

    /// `26 Nov 2026`.
    var dayMonthYear: String { "\(dayAndMonth) \(date.year)" }

    /// `Nov 2026`.
    var monthAndYear: String { "\(date.monthName) \(date.year)" }

    /// `26 Nov 2026, 03:50`.
    var minuteText: String { "\(dayMonthYear), \(clockTime.prefix(5))" }
}
