import Domain
import Testing

@Suite struct TimestampTests {
    static let wholeSeconds: [(Int64, Int64)] = [
        (0, 0),
        (1, 0),
        (999_999, 0),
        (1_000_000, 1),
        (1_767_607_200_999_999, 1_767_607_200),
        (-1, -1),
        (-999_999, -1),
        (-1_000_000, -1),
        (-1_000_001, -2),
        (.max, 9_223_372_036_854),
        (.min, -9_223_372_036_855),
    ]

    @Test(arguments: wholeSeconds)
    func `whole seconds are rounded down, before the epoch too`(microseconds: Int64, seconds: Int64) {
        #expect(Timestamp(microsecondsSinceEpoch: microseconds).secondsSinceEpoch == seconds)
    }

    static let beginnings: [(Int64, Int64)] = [
        (0, 0),
        (1_704_070_800, 1_704_070_800_000_000),
        (-1, -1_000_000),
        (9_223_372_036_854, 9_223_372_036_854_000_000),
        (9_223_372_036_855, .max),
        (-9_223_372_036_854, -9_223_372_036_854_000_000),
        (-9_223_372_036_855, .min),
        (.max, .max),
        (.min, .min),
    ]

    @Test(arguments: beginnings)
    func `seconds beyond the range become distantPast and distantFuture`(seconds: Int64, microseconds: Int64) {
        #expect(Timestamp(secondsSinceEpoch: seconds).microsecondsSinceEpoch == microseconds)
    }

    static let sums: [(Int64, Duration, Int64)] = [
        (0, .seconds(1), 1_000_000),
        (0, .seconds(-1), -1_000_000),
        (1_767_607_200_000_001, .seconds(3600), 1_767_610_800_000_001),
        (5, .microseconds(-6), -1),
        (5, .nanoseconds(999), 5),
        (5, .nanoseconds(-999), 5),
        (.max - 1, .microseconds(1), .max),
        (.max - 1, .microseconds(2), .max),
        (.max - 1, .seconds(Int64.max), .max),
        (.min + 1, .microseconds(-1), .min),
        (.min + 1, .microseconds(-2), .min),
        (.min + 1, .seconds(Int64.min), .min),
        (.min + 1, .seconds(Int64.max), 0),
        (0, .seconds(Int64.max), .max),
        (0, .seconds(Int64.min), .min),
    ]

    @Test(arguments: sums)
    func `adding saturates instead of trapping`(start: Int64, duration: Duration, end: Int64) {
        #expect((Timestamp(microsecondsSinceEpoch: start) + duration).microsecondsSinceEpoch == end)
    }

    static let differences: [(Int64, Duration, Int64)] = [
        (0, .seconds(1), -1_000_000),
        (0, .seconds(-1), 1_000_000),
        (5, .microseconds(6), -1),
        (.min + 1, .microseconds(2), .min),
        (.max - 1, .microseconds(-2), .max),
        (0, .seconds(Int64.max), .min),
        (0, .seconds(Int64.min + 1), .max),
    ]

    @Test(arguments: differences)
    func `subtracting saturates instead of trapping`(start: Int64, duration: Duration, end: Int64) {
        #expect((Timestamp(microsecondsSinceEpoch: start) - duration).microsecondsSinceEpoch == end)
    }

    @Test(arguments: [
        Duration.zero, .microseconds(1), .microseconds(-1), .seconds(3600), .seconds(-3600),
        .seconds(Int64.max), .seconds(Int64.min + 1),
    ])
    func `infinity stays infinity`(duration: Duration) {
        for infinity in [Timestamp.distantPast, .distantFuture] {
            #expect(infinity + duration == infinity)
            #expect(infinity - duration == infinity)
        }
    }

    static let lengths: [(Duration, Int64)] = [
        (.zero, 0),
        (.microseconds(1), 1),
        (.nanoseconds(1999), 1),
        (.nanoseconds(-1999), -1),
        (.milliseconds(-1500), -1_500_000),
        (.seconds(604_800), 604_800_000_000),
        (.microseconds(Int64.max), .max),
        (.microseconds(Int64.min), .min),
        (.microseconds(Int64.max) + .microseconds(1), .max),
        (.microseconds(Int64.min) - .microseconds(1), .min),
        (.seconds(9_223_372_036_855), .max),
        (.seconds(-9_223_372_036_855), .min),
        (.seconds(Int64.max), .max),
        (.seconds(Int64.min), .min),
    ]

    @Test(arguments: lengths)
    func `a duration in microseconds is rounded towards zero and saturates`(duration: Duration, microseconds: Int64) {
        #expect(duration.microseconds == microseconds)
    }

    @Test func `instants are ordered in time, with infinity at both ends`() {
        let ordered = [Int64.min, .min + 1, -1, 0, 1, .max - 1, .max].map(Timestamp.init(microsecondsSinceEpoch:))

        #expect(ordered.first == .distantPast)
        #expect(ordered.last == .distantFuture)
        for (left, right) in zip(ordered, ordered.dropFirst()) {
            #expect(left < right)
            #expect(!(right < left))
        }
    }
}
