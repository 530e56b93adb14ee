/// An instant in microseconds since 1970-01-01T00:00:00Z, the resolution of PostgreSQL's `timestamptz`.
///
/// `distantPast` and `distantFuture` represent PostgreSQL's `-infinity` and `infinity`. Arithmetic saturates at them
/// instead of trapping, because values come from a database that other programs write to.
///
/// ```swift
/// let opensAt = scheduledAt - .seconds(600)
/// ```
package struct Timestamp: Hashable, Comparable, Sendable {
    package let microsecondsSinceEpoch: Int64

    package init(microsecondsSinceEpoch: Int64) {
        self.microsecondsSinceEpoch = microsecondsSinceEpoch
    }

    package init(secondsSinceEpoch: Int64) {
        let (microseconds, overflow) = secondsSinceEpoch.multipliedReportingOverflow(by: 1_000_000)
        self.init(microsecondsSinceEpoch: overflow ? (secondsSinceEpoch < 0 ? .min : .max) : microseconds)
    }

    package static let distantPast = Timestamp(microsecondsSinceEpoch: .min)
    package static let distantFuture = Timestamp(microsecondsSinceEpoch: .max)

    /// Whole seconds since the epoch, rounded down.
    package var secondsSinceEpoch: Int64 {
        let (quotient, remainder) = microsecondsSinceEpoch.quotientAndRemainder(dividingBy: 1_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microsecondsSinceEpoch < right.microsecondsSinceEpoch
    }

    package static func + (instant: Timestamp, duration: Duration) -> Timestamp {
        guard instant != .distantPast, instant != .distantFuture else { return instant }
        let (sum, overflow) = instant.microsecondsSinceEpoch.addingReportingOverflow(duration.microseconds)
        return Timestamp(microsecondsSinceEpoch: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package static func - (instant: Timestamp, duration: Duration) -> Timestamp {
        guard instant != .distantPast, instant != .distantFuture else { return instant }
        let amount = duration.microseconds
        let (difference, overflow) = instant.microsecondsSinceEpoch.subtractingReportingOverflow(amount)
        let isEndless = overflow || amount == .max
        return Timestamp(microsecondsSinceEpoch: isEndless ? (duration < .zero ? .max : .min) : difference)
    }
}
