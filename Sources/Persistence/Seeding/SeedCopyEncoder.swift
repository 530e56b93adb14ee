internal import Domain

/// Writes rows in COPY's text format (PostgreSQL 15 manual, COPY, "Text Format").
struct SeedCopyEncoder {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int = 0) {
        bytes.reserveCapacity(capacity)
    }

    /// The row's number, a bit for each column that it gives, a bit for each that is known, and the columns.
    mutating func append(_ row: SeedRow, number: Int, known: Int) {
        append(number)
        var given = 0
        for (index, field) in row.fields.enumerated() where field.value != .absent {
            given |= 1 << index
        }
        bytes.append(UInt8(ascii: "\t"))
        append(given)
        bytes.append(UInt8(ascii: "\t"))
        append(known)
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

    /// PostgreSQL reads RFC 3339 exactly with every setting of DateStyle.
    private mutating func append(_ instant: Timestamp) {
        switch instant {
        case .distantPast: bytes.append(contentsOf: "-infinity".utf8)
        case .distantFuture: bytes.append(contentsOf: "infinity".utf8)
        default: bytes.append(rfc3339: instant, fraction: .whereNeeded)
        }
    }
}
