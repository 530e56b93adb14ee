internal import Domain

extension Timestamp {
    /// RFC 3339 in UTC with whole seconds: `2026-01-05T09:00:00Z`.
    ///
    /// Integer arithmetic only, because date formatters are slow and were not thread-safe on Linux. Days are turned
    /// into a date by the algorithm of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms" (civil_from_days).
    var iso8601: String {
        let date = civilDate
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
            + "T\(padded(date.secondOfDay / 3600, 2)):\(padded(date.secondOfDay / 60 % 60, 2)):\(padded(date.secondOfDay % 60, 2))Z"
    }

    /// The date in the proleptic Gregorian calendar, UTC. `weekday` counts from Sunday, 0.
    var civilDate: (year: Int64, month: Int64, day: Int64, weekday: Int, secondOfDay: Int64) {
        let seconds = secondsSinceEpoch
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let weekday = Int(((days % 7) + 11) % 7)
        return (
            year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
            month: month,
            day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
            weekday: weekday,
            secondOfDay: seconds - days * 86_400
        )
    }
}
