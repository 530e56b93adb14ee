import Domain
import Testing

@Suite struct TimestampRFC3339Tests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", Int64(0)),
        ("2026-01-05T09:00:00Z", 1_767_603_600_000_000),
        ("2026-01-05T14:45:00.5+05:45", 1_767_603_600_500_000),
        ("2026-01-05T00:00:00.000001-09:00", 1_767_603_600_000_001),
        ("2024-02-29T23:59:59.999999Z", 1_709_251_199_999_999),
        ("1969-12-31T23:59:59Z", -1_000_000),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000_000),
        ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ("2000-01-01T00:00:00-00:00", 946_684_800_000_000),
        // RFC 3339, section 5.6: "T" and "Z" may be small letters.
        ("2026-01-05t09:00:00z", 1_767_603_600_000_000),
        ("2026-01-05t14:45:00.5+05:45", 1_767_603_600_500_000),
    ])
    func `times are parsed to the microsecond`(text: String, microseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.microsecondsSinceEpoch == microseconds)
    }

    @Test(arguments: [
        "", "2026-01-05", "2026-01-05T09:00:00", "2026-01-05 09:00:00Z", "2026-01-05_09:00:00Z",
        "2026-01-05TT09:00:00Z", "2026-1-5T09:00:00Z",
        "2026-01-05T09:00Z", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-01-05T24:00:00Z", "2026-01-05T09:60:00Z", "2026-01-05T09:00:60Z",
        "2026-01-05T09:00:00.Z", "2026-01-05T09:00:00.1234567Z", "2026-01-05T09:00:00+0100",
        "2026-01-05T09:00:00+24:00",
        "2026-01-05T09:00:00Z ", " 2026-01-05T09:00:00Z", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-00:01", "infinity", "٢٠٢٦-01-05T09:00:00Z", "2026-01-05T09:00:00,5Z",
        "1900-02-29T00:00:00Z",
    ])
    func `any other text is refused`(text: String) {
        #expect(Timestamp(rfc3339: text) == nil)
    }

    static let written: [(Int64, String, String)] = [
        (0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        (1_767_603_600_000_000, "2026-01-05T09:00:00Z", "2026-01-05T09:00:00Z"),
        (1_767_603_600_500_000, "2026-01-05T09:00:00Z", "2026-01-05T09:00:00.500000Z"),
        (1_767_603_600_000_001, "2026-01-05T09:00:00Z", "2026-01-05T09:00:00.000001Z"),
        (1_709_251_199_999_999, "2024-02-29T23:59:59Z", "2024-02-29T23:59:59.999999Z"),
        (-1, "1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999Z"),
        (-62_135_596_800_000_001, "0000-12-31T23:59:59Z", "0000-12-31T23:59:59.999999Z"),
        (253_402_300_800_000_000, "10000-01-01T00:00:00Z", "10000-01-01T00:00:00Z"),
    ]

    @Test(arguments: written)
    func `times are written with whole seconds, or to the microsecond where needed`(
        microseconds: Int64,
        whole: String,
        exact: String
    ) {
        let instant = Timestamp(microsecondsSinceEpoch: microseconds)

        #expect(instant.rfc3339 == whole)
        #expect(instant.rfc3339(fraction: .whereNeeded) == exact)
    }

    @Test func `a written time can be parsed again, in the years that can be parsed`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let microseconds = Int64.random(in: -70_000_000_000_000_000...260_000_000_000_000_000, using: &generator)
            let instant = Timestamp(microsecondsSinceEpoch: microseconds)
            let read = Timestamp(rfc3339: instant.rfc3339(fraction: .whereNeeded))
            #expect(read == (instant.isReadableFromRFC3339 ? instant : nil), "\(microseconds)")
        }
    }

    @Test(arguments: [Int64.min, .min + 1, .max])
    func `the ends of the range are written without a trap`(microseconds: Int64) {
        let instant = Timestamp(microsecondsSinceEpoch: microseconds)

        #expect(instant.rfc3339(fraction: .whereNeeded).hasSuffix("Z"))
        #expect(!instant.isReadableFromRFC3339)
    }

    @Test(arguments: [
        (Int64(1_767_603_600_000_000), Int64(1_767_571_200), true, false),
        (1_767_571_200_000_000, 1_767_571_200, true, true),
        (1_767_571_200_000_001, 1_767_571_200, false, false),
        (-1, -86_400, false, false),
        (-86_400_000_000, -86_400, true, true),
    ])
    func `a day begins at midnight in UTC`(microseconds: Int64, start: Int64, isHour: Bool, isDay: Bool) {
        let instant = Timestamp(microsecondsSinceEpoch: microseconds)

        #expect(instant.startOfDay.secondsSinceEpoch == start)
        #expect(instant.isStartOfHour == isHour)
        #expect(instant.isStartOfDay == isDay)
    }
}
