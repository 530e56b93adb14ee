internal import Domain
internal import Persistence
internal import PostgreSQL

extension DoctorCheck {
    /// Whether this clock and that of the database agree, as readiness asks.
    static let clockDifference = DoctorCheck(
        "clock_difference",
        .database { connection, visit in
            let difference = try DatabaseDiagnosis.clockDifference(
                now: SystemClock.now,
                deadline: visit.deadline,
                on: &connection
            )
            return [finding(difference)]
        }
    )

    static func finding(_ difference: ClockDifference) -> Finding {
        let magnitude = difference.offset < .zero ? .zero - difference.offset : difference.offset
        let text = "this clock is \(magnitude.milliseconds) ms \(difference.direction.rawValue) the database's"
        let remedy = "synchronize both machines with a time service (chrony, systemd-timesyncd)"
        return switch difference.verdict {
        case .agrees: .ok(text)
        case .warning: .warning(text, remedy: remedy)
        case .notReady: .fault("\(text): serve is not ready from 60 s on", remedy: remedy)
        }
    }
}
