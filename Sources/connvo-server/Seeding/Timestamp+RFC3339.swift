internal import Domain

extension Timestamp {
    /// Reads `YYYY-MM-DDTHH:MM:SS[.ffffff](Z|±HH:MM)` (RFC 3339, capital letters only).
    ///
    /// The zone must be there. Years are 1 to 9999, a fraction has one to six digits, leap seconds are refused:
    /// what PostgreSQL could only round is not accepted.
    init?(rfc3339 text: String) {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard
            let year = reader.number(digits: 4, in: 0...9999), reader.skip("-"),
            let month = reader.number(digits: 2, in: 1...12), reader.skip("-"),
            let day = reader.number(digits: 2, in: 1...Self.days(in: month, of: year)), reader.skip("T"),
            let hour = reader.number(digits: 2, in: 0...23), reader.skip(":"),
            let minute = reader.number(digits: 2, in: 0...59), reader.skip(":"),
            let second = reader.number(digits: 2, in: 0...59),
            let microseconds = reader.fraction(),
            let offset = reader.zone(),
            reader.rest.isEmpty
        else { return nil }
        let seconds = Self.daysSinceEpoch(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        // 0001-01-01T00:00:00Z up to 10000-01-01T00:00:00Z.
        guard (-62_135_596_800..<253_402_300_800).contains(seconds) else { return nil }
        self.init(microsecondsSinceEpoch: seconds * 1_000_000 + microseconds)
    }

    /// The time in UTC, with a fraction of six digits where there is one: `2026-01-05T09:00:00Z`. Nil outside the years
    /// 1 to 9999, which RFC 3339 cannot write, and for infinity.
    var rfc3339: String? {
        guard (-62_135_596_800..<253_402_300_800).contains(secondsSinceEpoch) else { return nil }
        let fraction = microsecondsSinceEpoch - secondsSinceEpoch * 1_000_000
        guard fraction > 0 else { return iso8601 }
        let digits = String(fraction)
        return iso8601.dropLast() + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
    }

    private static func days(in month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.
    private static func daysSinceEpoch(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        /// Exactly so many digits.
        mutating func number(digits: Int, in range: ClosedRange<Int64>) -> Int64? {
            guard rest.count >= digits else { return nil }
            var value: Int64 = 0
            for byte in rest.prefix(digits) {
                guard let digit = Self.digit(byte) else { return nil }
                value = value * 10 + digit
            }
            rest.removeFirst(digits)
            return range.contains(value) ? value : nil
        }

        /// Microseconds; 0 when there is no fraction.
        mutating func fraction() -> Int64? {
            guard skip(".") else { return 0 }
            let digits = rest.prefix { Self.digit($0) != nil }
            guard (1...6).contains(digits.count) else { return nil }
            let value = number(digits: digits.count, in: 0...999_999)
            return value.map { value in (digits.count..<6).reduce(value) { value, _ in value * 10 } }
        }

        /// Seconds east of UTC.
        mutating func zone() -> Int64? {
            if skip("Z") { return 0 }
            let sign: Int64
            if skip("+") { sign = 1 } else if skip("-") { sign = -1 } else { return nil }
            guard let hours = number(digits: 2, in: 0...23), skip(":"), let minutes = number(digits: 2, in: 0...59)
            else { return nil }
            return sign * (hours * 3600 + minutes * 60)
        }

        private static func digit(_ byte: UInt8) -> Int64? {
            UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte ? Int64(byte & 0xF) : nil
        }
    }
}
