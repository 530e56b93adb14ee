/// A duration as text in a setting or on the command line: a whole number and a unit, such as `500ms`, `90s`, `15m`,
/// `2h` or `7d`.
package enum DurationText {
    private enum Unit: String, CaseIterable {
        // The longer suffix comes first, because "ms" ends with "s".
        case milliseconds = "ms"
        case seconds = "s"
        case minutes = "m"
        case hours = "h"
        case days = "d"

        /// The length of one unit, in milliseconds.
        var length: Int64 {
            switch self {
            case .milliseconds: 1
            case .seconds: 1000
            case .minutes: 60_000
            case .hours: 3_600_000
            case .days: 86_400_000
            }
        }
    }

    /// Parses a duration within `range`; returns nil for any other text.
    ///
    ///     DurationText.parse("2m", in: .zero ... .hours(24))  // 120 s
    package static func parse(_ text: String, in range: ClosedRange<Duration>) -> Duration? {
        guard let unit = Unit.allCases.first(where: { text.hasSuffix($0.rawValue) }),
            let count = Int64(text.dropLast(unit.rawValue.count))
        else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.length)
        let duration = Duration.milliseconds(milliseconds)
        return !overflow && range.contains(duration) ? duration : nil
    }

    /// The duration in the largest of minutes, seconds and milliseconds that gives a whole number. Fractions of a
    /// millisecond are dropped.
    package static func text(_ duration: Duration) -> String {
        let milliseconds = duration.milliseconds
        if milliseconds % 60_000 == 0, milliseconds > 0 { return "\(milliseconds / 60_000)m" }
        return milliseconds % 1000 == 0 ? "\(milliseconds / 1000)s" : "\(milliseconds)ms"
    }
}
