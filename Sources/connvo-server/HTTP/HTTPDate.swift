internal import Domain

/// The value of the `Date` header, made once a second and not once an answer. One for each event loop.
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

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func format(_ instant: Timestamp) -> String {
        let date = instant.civilDate
        func twoDigits(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let time =
            "\(twoDigits(date.secondOfDay / 3600)):\(twoDigits(date.secondOfDay / 60 % 60)):\(twoDigits(date.secondOfDay % 60))"
        return
            "\(weekdays[date.weekday]), \(twoDigits(date.day)) \(months[Int(date.month) - 1]) \(date.year) \(time) GMT"
    }
}
