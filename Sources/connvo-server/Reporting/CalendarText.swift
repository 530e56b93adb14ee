internal import Domain

/// Days and months for people, in UTC.
extension Timestamp {
    private static let monthNames = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private var monthName: String { Self.monthNames[Int(civilDate.month - 1)] }

    /// `26 Nov`.
    var dayAndMonth: String { "\(civilDate.day) \(monthName)" }

    /// `26 Nov 2026`.
    var dayMonthYear: String { "\(dayAndMonth) \(civilDate.year)" }

    /// `Nov 2026`.
    var monthAndYear: String { "\(monthName) \(civilDate.year)" }

    /// `26 Nov 2026, 03:50`.
    var minuteText: String { "\(dayMonthYear), \(iso8601.dropFirst(11).prefix(5))" }
}
