internal import Persistence

/// The value of the header `Server-Timing` (W3C Server Timing, section 3): the durations of the access line, in
/// milliseconds.
struct ServerTiming {
    /// - Parameter request: As it is answered now.
    static func text(of request: AnsweredRequest) -> String {
        let total = "total;dur=\(request.duration.milliseconds)"
        guard case .decided = request.result else { return total }
        let timing = request.timing
        return "queue;dur=\(timing.queued.milliseconds), db;dur=\(timing.inDatabase.milliseconds), \(total)"
    }
}

extension Int64 {
    /// Of nanoseconds that are not negative, with at most three decimals.
    var milliseconds: Double { Double(Swift.max(0, self / 1000)) / 1000 }
}
