extension Duration {
    package static func hours(_ count: Int64) -> Duration { .seconds(count * 3600) }

    package static func days(_ count: Int64) -> Duration { .seconds(count * 86_400) }

    /// Whole microseconds, rounded towards zero and saturating at the range of `Int64`.
    package var microseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000_000) }

    /// Whole nanoseconds, rounded towards zero and saturating at the range of `Int64`.
    package var nanoseconds: Int64 { Int64(clamping: attoseconds / 1_000_000_000) }

    /// Whole milliseconds, rounded towards zero.
    package var milliseconds: Int64 { microseconds / 1000 }
}
