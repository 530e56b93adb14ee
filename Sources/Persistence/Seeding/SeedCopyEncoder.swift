internal import Domain

/// Writes rows in COPY's text format (PostgreSQL 15 manual, COPY, "Text Format").
struct SeedCopyEncoder {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// The row's number, a bit for each column that it gives, whether it is good, and the columns.
    mutating func append(_ row: SeedRow, number: Int, isGood: Bool) {
        append(number)
        var given = 0
        for (index, field) in row.fields.enumerated() where field.value != .absent {
            given |= 1 << index
        }
        bytes.append(UInt8(ascii: "\t"))
        append(given)
        bytes.append(UInt8(ascii: "\t"))
        append(.boolean(isGood))
        for field in row.fields {
            bytes.append(UInt8(ascii: "\t"))
            append(field.value)
        }
        bytes.append(UInt8(ascii: "\n"))
    }

    private mutating func append(_ number: some BinaryInteger) {
        bytes.append(contentsOf: String(number).utf8)
    }

    private mutating func append(_ value: SeedValue) {
        switch value {
        case .absent, .null: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "N")])
        case .text(let text): append(escaping: text)
        case .boolean(let isTrue): bytes.append(UInt8(ascii: isTrue ? "t" : "f"))
        case .integer(let number): append(number)
        case .timestamp(let instant): append(instant)
        }
    }

    private mutating func append(escaping text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): bytes.append(contentsOf: [byte, byte])
            case UInt8(ascii: "\t"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case UInt8(ascii: "\n"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case UInt8(ascii: "\r"): bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            default: bytes.append(byte)
            }
        }
    }

    /// `YYYY-MM-DD HH:MM:SS.ffffff+00`, which PostgreSQL reads exactly whatever its DateStyle. Years 1 to 9999.
    private mutating func append(_ instant: Timestamp) {
        switch instant {
        case .distantPast: return bytes.append(contentsOf: "-infinity".utf8)
        case .distantFuture: return bytes.append(contentsOf: "infinity".utf8)
        default: break
        }
        let seconds = instant.secondsSinceEpoch
        let microseconds = instant.microsecondsSinceEpoch &- seconds &* 1_000_000
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let secondOfDay = seconds - days * 86_400

        // Days to civil date: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)

        append(year, digits: 4, then: "-")
        append(month, digits: 2, then: "-")
        append(day, digits: 2, then: " ")
        append(secondOfDay / 3600, digits: 2, then: ":")
        append(secondOfDay / 60 % 60, digits: 2, then: ":")
        append(secondOfDay % 60, digits: 2, then: ".")
        append(microseconds, digits: 6, then: "+")
        append(0, digits: 2, then: nil)
    }

    private mutating func append(_ value: Int64, digits: Int, then separator: Unicode.Scalar?) {
        let start = bytes.count
        var rest = value
        for _ in 0..<digits {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
        if let separator { bytes.append(UInt8(ascii: separator)) }
    }
}
