/// The canonical text of a UUID (RFC 9562, section 4): 36 lower-case characters.
///
/// - Parameters:
///   - high: The first eight bytes, as a big-endian number.
///   - low: The last eight bytes, as a big-endian number.
func uuidText(high: UInt64, low: UInt64) -> String {
    String(unsafeUninitializedCapacity: 36) { buffer in
        let digits: StaticString = "0123456789abcdef"
        /// Writes the last `count` digits of a number.
        func write(_ number: UInt64, _ count: Int, at start: Int) {
            var rest = number
            for position in (start..<start + count).reversed() {
                buffer[position] = digits.utf8Start[Int(rest & 0xF)]
                rest >>= 4
            }
        }
        buffer.initialize(repeating: UInt8(ascii: "-"))
        write(high >> 32, 8, at: 0)
        write(high >> 16, 4, at: 9)
        write(high, 4, at: 14)
        write(low >> 48, 4, at: 19)
        write(low, 12, at: 24)
        return 36
    }
}
