internal import Domain

/// The value of the `Date` header, made once a second and not for each response. One for each connection.
struct HTTPDate {
    private var second: Int64 = .min
    private var text = ""

    /// IMF-fixdate (RFC 9110, section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    mutating func text(at now: Timestamp) -> String {
        if now.secondsSinceEpoch != second {
            second = now.secondsSinceEpoch
            text = Self.format(now)
        }
        return text
    }

    private static func format(_ instant: Timestamp) -> String {
        let date = instant.date
        let day = "\(date.day < 10 ? "0" : "")\(date.day)"
        return "\(date.weekday.shortName), \(day) \(date.monthName) \(date.year) \(instant.clockTime) GMT"
    }
}
