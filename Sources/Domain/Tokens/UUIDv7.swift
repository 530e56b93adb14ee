/// A UUID of version 7: 48 bits of Unix milliseconds, 12 of the millisecond's fraction, 62 random ones (RFC 9562,
/// section 5.7, and method 3 of section 6.2).
///
/// It is a token's `jti` and the primary key of its row, and its time selects the partition of the row.
package struct UUIDv7: Hashable, Sendable {
    /// The first eight bytes, as a big-endian number. Two numbers need no allocation, unlike an array.
    package let high: UInt64
    /// The last eight bytes, as a big-endian number.
    package let low: UInt64

    /// Makes an id with the time `instant`.
    package init(at instant: Timestamp, using generator: inout some RandomNumberGenerator) {
        let (milliseconds, microseconds) = UInt64(clamping: instant.microsecondsSinceEpoch)
            .quotientAndRemainder(dividingBy: 1000)
        // 1000 microseconds are spread over 12 bits.
        high = milliseconds << 16 | 0x7000 | microseconds * 4096 / 1000
        low = 0x8000_0000_0000_0000 | generator.next() >> 2
    }

    /// The least id with the time `instant`, in whole milliseconds: a bound of a range of ids.
    package init(leastAt instant: Timestamp) {
        high = UInt64(clamping: instant.microsecondsSinceEpoch) / 1000 << 16 | 0x7000
        low = 0x8000_0000_0000_0000
    }

    /// Parses the canonical text form; returns nil for any other text and for other versions.
    package init?(_ text: String) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        var words: [UInt64] = [0, 0]
        for (index, digit) in groups.joined().utf8.enumerated() {
            guard let value = Self.value(of: digit) else { return nil }
            words[index / 16] = words[index / 16] << 4 | UInt64(value)
        }
        (high, low) = (words[0], words[1])
        guard high >> 12 & 0xF == 7, low >> 62 == 0b10 else { return nil }
    }

    /// The time of the id, in whole milliseconds.
    package var instant: Timestamp { Timestamp(microsecondsSinceEpoch: Int64(high >> 16) * 1000) }

    private static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension UUIDv7: CustomStringConvertible {
    /// The canonical form: 36 lower-case characters.
    package var description: String { uuidText(high: high, low: low) }
}
