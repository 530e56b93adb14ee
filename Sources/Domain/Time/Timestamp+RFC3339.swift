// RFC 3339, section 5.6: `2026-01-05T09:00:00Z`.

/// How the fraction of a second is written.
package enum SecondFraction: Sendable {
    /// No fraction: the second is rounded down.
    case none
    /// Six digits when it is not zero, otherwise no fraction.
    case whereNeeded
}

// MARK: - Writing

extension Timestamp {
    /// The time in UTC with whole seconds: `2026-01-05T09:00:00Z`. See ``rfc3339(fraction:)``.
    package var rfc3339: String { rfc3339(fraction: .none) }

    /// The time in UTC: `2026-01-05T09:00:00Z`, `2026-01-05T09:00:00.500000Z`.
    ///
    /// RFC 3339 defines the years 0 to 9999. Other years are written with a sign or with more digits, as in ISO 8601;
    /// see ``isReadableFromRFC3339``.
    package func rfc3339(fraction: SecondFraction) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(27)
        bytes.append(rfc3339: self, fraction: fraction)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether ``init(rfc3339:)`` accepts the text of ``rfc3339(fraction:)``: in the years 1 to 9999.
    package var isReadableFromRFC3339: Bool { Self.readableSeconds.contains(secondsSinceEpoch) }

    /// From 0001-01-01T00:00:00Z to before 10000-01-01T00:00:00Z.
    private static let readableSeconds: Range<Int64> = -62_135_596_800..<253_402_300_800
}

extension [UInt8] {
    /// Appends the text of ``Timestamp/rfc3339(fraction:)`` without making a string.
    package mutating func append(rfc3339 instant: Timestamp, fraction: SecondFraction) {
        append(instant.date)
        append(UInt8(ascii: "T"))
        append(clockTimeOf: instant)
        switch fraction {
        case .none: break
        case .whereNeeded:
            let microseconds = instant.microsecondOfSecond
            guard microseconds != 0 else { break }
            append(UInt8(ascii: "."))
            append(microseconds.magnitude, digits: 6)
        }
        append(UInt8(ascii: "Z"))
    }

    fileprivate mutating func append(_ date: CalendarDate) {
        if date.year < 0 { append(UInt8(ascii: "-")) }
        append(date.year.magnitude, digits: 4)
        append(UInt8(ascii: "-"))
        append(date.month.magnitude, digits: 2)
        append(UInt8(ascii: "-"))
        append(date.day.magnitude, digits: 2)
    }

    fileprivate mutating func append(clockTimeOf instant: Timestamp) {
        let second = instant.secondOfDay.magnitude
        append(second / 3600, digits: 2)
        append(UInt8(ascii: ":"))
        append(second / 60 % 60, digits: 2)
        append(UInt8(ascii: ":"))
        append(second % 60, digits: 2)
    }

    /// Appends a number, padded with zeros to at least `digits` digits.
    private mutating func append(_ number: UInt64, digits: Int) {
        let start = endIndex
        var rest = number
        while endIndex - start < digits || rest > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        self[start...].reverse()
    }
}

extension Timestamp {
    /// The time of day in UTC with whole seconds: `09:00:00`.
    package var clockTime: String {
        var bytes: [UInt8] = []
        bytes.append(clockTimeOf: self)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension CalendarDate: CustomStringConvertible {
    /// `2026-01-05`. Years outside 0 to 9999 are written with a sign or with more digits.
    package var description: String {
        var bytes: [UInt8] = []
        bytes.append(self)
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - Reading

extension Timestamp {
    /// Parses `YYYY-MM-DDTHH:MM:SS[.ffffff](Z|±HH:MM)`; `t` and `z` may be small letters (RFC 3339, section 5.6).
    ///
    /// The zone is required, years are 1 to 9999, a fraction has one to six digits, and leap seconds are refused:
    /// values that PostgreSQL would have to round are not accepted.
    package init?(rfc3339 text: String) {
        var reader = Reader(rest: Array(text.utf8)[...])
        guard
            let year = reader.number(digits: 4, in: 0...9999), reader.skip("-"),
            let month = reader.number(digits: 2, in: 1...12), reader.skip("-"),
            let day = reader.number(digits: 2, in: 1...CalendarDate.dayCount(ofMonth: month, in: year)),
            reader.skip("T") || reader.skip("t"),
            let hour = reader.number(digits: 2, in: 0...23), reader.skip(":"),
            let minute = reader.number(digits: 2, in: 0...59), reader.skip(":"),
            let second = reader.number(digits: 2, in: 0...59),
            let microseconds = reader.fraction(),
            let offset = reader.zone(),
            reader.rest.isEmpty
        else { return nil }
        let days = CalendarDate(year: year, month: month, day: day).daysSinceEpoch
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        guard Self.readableSeconds.contains(seconds) else { return nil }
        self.init(microsecondsSinceEpoch: seconds * 1_000_000 + microseconds)
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard rest.first == UInt8(ascii: character) else { return false }
            rest.removeFirst()
            return true
        }

        /// A number of exactly `digits` digits.
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
            if skip("Z") || skip("z") { return 0 }
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
