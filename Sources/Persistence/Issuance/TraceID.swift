internal import PostgreSQL

/// The id of a distributed trace, 128 bits (W3C Trace Context, level 1, section 3.2.2.3).
///
/// Records keep it as a `uuid`, which has as many bits.
package struct TraceID: Hashable, Sendable {
    /// The first eight bytes, as a big-endian number. Two numbers need no allocation.
    package let high: UInt64
    /// The last eight bytes, as a big-endian number.
    package let low: UInt64

    /// - Returns: Nil when all bits are 0, which no trace has.
    package init?(high: UInt64, low: UInt64) {
        guard high | low != 0 else { return nil }
        (self.high, self.low) = (high, low)
    }
}

extension TraceID: CustomStringConvertible {
    /// 32 lower-case hexadecimal digits, as in `traceparent`.
    package var description: String {
        String(unsafeUninitializedCapacity: 32) { buffer in
            let digits: StaticString = "0123456789abcdef"
            for digit in 0..<32 {
                let word = digit < 16 ? high : low
                buffer[digit] = digits.utf8Start[Int(word >> UInt64(60 - digit % 16 * 4) & 0xF)]
            }
            return 32
        }
    }
}

extension TraceID: BinaryEncodable {
    package var encodedCount: Int { 16 }

    package func encode(to bytes: UnsafeMutableRawPointer) {
        bytes.store(bigEndian: high)
        bytes.store(bigEndian: low, at: 8)
    }
}
