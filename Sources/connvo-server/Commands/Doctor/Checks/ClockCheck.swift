internal import CClock
internal import Domain

extension DoctorCheck {
    /// Whether this machine's clock can be right: tokens and records carry its time.
    static let clock = DoctorCheck(
        "clock",
        .machine { _ in [finding(now: SystemClock.now(), synchronization: clock_synchronization())] }
    )

    /// 2026-01-01, before this program was built, and 2100-01-01.
    private static let plausible =
        Timestamp(secondsSinceEpoch: 1_767_225_600)..<Timestamp(secondsSinceEpoch: 4_102_444_800)

    /// - Parameter synchronization: What `clock_synchronization()` returns.
    static func finding(now: Timestamp, synchronization: Int32) -> Finding {
        let remedy = "run a time service (chrony, systemd-timesyncd)"
        guard plausible.contains(now) else {
            return .fault("it is \(now.rfc3339), which cannot be: bearer tokens would be refused", remedy: remedy)
        }
        return switch synchronization {
        case 1: .ok("\(now.rfc3339), synchronized")
        case 0: .warning("\(now.rfc3339), and the kernel knows of no time service that keeps it", remedy: remedy)
        default: .ok("\(now.rfc3339); the kernel does not tell whether it is synchronized")
        }
    }
}
