internal import Domain

/// The `Date` header, made once a second and not for each response. One for each connection.
struct HTTPDate {
    private var second: Int64 = .min
    private var field = ""

    /// The field with its line break. Its value is an IMF-fixdate (RFC 9110, section 5.6.7):
    /// `Sun, 06 Nov 1994 08:49:37 GMT`.
    mutating func field(at now: Timestamp) -> String {
        if now.secondsSinceEpoch != second {
            second = now.secondsSinceEpoch
            field = "Date: \(Self.format(now))\r\n"
        }
        return field
    }

    private static func format(_ instant: Timestamp) -> String {
        let date = instant.date
        let day = "\(date.day < 10 ? "0" : "")\(date.day)"
        return "\(date.weekday.shortName), \(day) \(date.monthName) \(date.year) \(instant.clockTime) GMT"
    }
}
