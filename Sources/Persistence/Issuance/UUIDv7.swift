package import Domain

/// A UUID of version 7: 48 bits of Unix milliseconds, 12 of the millisecond's fraction, 62 random ones (RFC 9562,
/// section 5.7, and method 3 of section 6.2).
///
/// It is a token's `jti` and the primary key of the record, so the id alone says which partition holds it.
package struct UUIDv7: Hashable, Sendable {
    package let bytes: [UInt8]

    /// Makes the id of something that happens at `instant`.
    package init(at instant: Timestamp, using generator: inout some RandomNumberGenerator) {
        let (milliseconds, microseconds) = UInt64(clamping: instant.microsecondsSinceEpoch)
            .quotientAndRemainder(dividingBy: 1000)
        // 1000 microseconds spread over 12 bits.
        let high = milliseconds << 16 | 0x7000 | microseconds * 4096 / 1000
        let low = 0x8000_0000_0000_0000 | generator.next() >> 2
        bytes = [UInt8](unsafeUninitializedCapacity: 16) { buffer, count in
            for index in 0..<8 {
                let shift = UInt64(56 - 8 * index)
                buffer[index] = UInt8(truncatingIfNeeded: high >> shift)
                buffer[8 + index] = UInt8(truncatingIfNeeded: low >> shift)
            }
            count = 16
        }
    }

    /// Reads the canonical text form; nil for anything else, other versions included.
    package init?(_ text: String) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = groups.joined().utf8.map { $0 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16)
        for index in stride(from: 0, to: 32, by: 2) {
            guard let high = Self.value(of: digits[index]), let low = Self.value(of: digits[index + 1]) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        guard bytes[6] >> 4 == 7, bytes[8] >> 6 == 0b10 else { return nil }
        self.bytes = bytes
    }

    /// The millisecond in which it was made.
    package var instant: Timestamp {
        let milliseconds = bytes.prefix(6).reduce(0 as Int64) { $0 << 8 | Int64($1) }
        return Timestamp(microsecondsSinceEpoch: milliseconds * 1000)
    }

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
    package var description: String {
        String(unsafeUninitializedCapacity: 36) { buffer in
            let digits: StaticString = "0123456789abcdef"
            var position = 0
            for (index, byte) in bytes.enumerated() {
                if index == 4 || index == 6 || index == 8 || index == 10 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                buffer[position] = digits.utf8Start[Int(byte >> 4)]
                buffer[position + 1] = digits.utf8Start[Int(byte & 15)]
                position += 2
            }
            return position
        }
    }
}

extension UUIDv7: BinaryEncodable {
    package func encode(into bytes: inout [UInt8]) {
        bytes.append(contentsOf: self.bytes)
    }
}
