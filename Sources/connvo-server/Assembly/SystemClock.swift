internal import Domain
internal import Glibc
internal import NIOCore

/// The wall clock of this machine. No other code in the server reads the time of day.
enum SystemClock {
    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microsecondsSinceEpoch: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// The time of day less the monotonic clock, in nanoseconds.
    static var aheadOfUptime: UInt64 {
        UInt64(max(0, now().microsecondsSinceEpoch)) * 1000 &- NIODeadline.now().uptimeNanoseconds
    }
}
