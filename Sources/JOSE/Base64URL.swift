/// Base64url as JOSE requires it: RFC 4648 §5 without padding, with exactly one accepted text for each byte string.
package enum Base64URL {
    /// Decodes `text`, or returns `nil` when it is not the canonical encoding of a byte string.
    ///
    /// Rejected: padding, the standard alphabet's `+` and `/`, white space, any other byte outside the alphabet, a
    /// length of 4n + 1, and unused bits that are not zero (`YR` for `YQ`; RFC 4648 §3.5). The empty text decodes to
    /// no bytes.
    package static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        text.withUnsafeBufferPointer { decode($0) }
    }

    /// Decodes a whole array; see ``decode(_:)-(ArraySlice<UInt8>)``.
    package static func decode(_ text: [UInt8]) -> [UInt8]? {
        text.withUnsafeBufferPointer { decode($0) }
    }

    /// Decodes borrowed bytes; see ``decode(_:)-(ArraySlice<UInt8>)``.
    package static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        let tail = text.count % 4
        guard tail != 1 else { return nil }
        let tailBytes = tail == 0 ? 0 : tail - 1
        // Invalid bytes are 0xFF in the table, so one comparison after the loop detects them all.
        var seen: UInt8 = 0
        let decoded = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3 + tailBytes) { output, count in
            values.withUnsafeBufferPointer { values in
                var read = 0
                let whole = text.count - tail
                while read < whole {
                    let a = values[Int(text[read])]
                    let b = values[Int(text[read + 1])]
                    let c = values[Int(text[read + 2])]
                    let d = values[Int(text[read + 3])]
                    seen |= a | b | c | d
                    output[count] = a << 2 | b >> 4
                    output[count + 1] = b << 4 | c >> 2
                    output[count + 2] = c << 6 | d
                    read += 4
                    count += 3
                }
                if tail >= 2 {
                    let a = values[Int(text[read])]
                    let b = values[Int(text[read + 1])]
                    let c = tail == 3 ? values[Int(text[read + 2])] : 0
                    seen |= a | b | c
                    output[count] = a << 2 | b >> 4
                    count += 1
                    if tail == 3 {
                        output[count] = b << 4 | c >> 2
                        count += 1
                    }
                    let unusedBits = tail == 3 ? c & 0b11 : b & 0b1111
                    if unusedBits != 0 { seen = invalid }
                }
            }
        }
        // Valid values have six bits.
        return seen < 64 ? decoded : nil
    }

    /// Encodes `bytes` without padding.
    package static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(encodedCount(of: bytes.count))
        append(bytes, to: &text)
        return text
    }

    /// Encodes `bytes` without padding at the end of `text`.
    package static func append(_ bytes: [UInt8], to text: inout [UInt8]) {
        bytes.withUnsafeBytes { append($0, to: &text) }
    }

    /// Encodes borrowed `bytes` without padding at the end of `text`.
    package static func append(_ bytes: UnsafeRawBufferPointer, to text: inout [UInt8]) {
        // Fills a buffer and appends it at once: appending digit by digit takes three times as long.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: encodedCount(of: bytes.count)) { digits in
            alphabet.withUTF8Buffer { fill(digits, from: bytes, alphabet: $0) }
            text.append(contentsOf: digits)
        }
    }

    /// Writes all of `digits`, which has room for exactly the encoding of `bytes`.
    private static func fill(
        _ digits: UnsafeMutableBufferPointer<UInt8>,
        from bytes: UnsafeRawBufferPointer,
        alphabet: UnsafeBufferPointer<UInt8>
    ) {
        var read = 0
        var written = 0
        while bytes.count - read >= 3 {
            let a = bytes[read]
            let b = bytes[read + 1]
            let c = bytes[read + 2]
            digits[written] = alphabet[Int(a >> 2)]
            digits[written + 1] = alphabet[Int((a & 0b11) << 4 | b >> 4)]
            digits[written + 2] = alphabet[Int((b & 0b1111) << 2 | c >> 6)]
            digits[written + 3] = alphabet[Int(c & 0b11_1111)]
            read += 3
            written += 4
        }
        switch bytes.count - read {
        case 1:
            let a = bytes[read]
            digits[written] = alphabet[Int(a >> 2)]
            digits[written + 1] = alphabet[Int((a & 0b11) << 4)]
        case 2:
            let a = bytes[read]
            let b = bytes[read + 1]
            digits[written] = alphabet[Int(a >> 2)]
            digits[written + 1] = alphabet[Int((a & 0b11) << 4 | b >> 4)]
            digits[written + 2] = alphabet[Int((b & 0b1111) << 2)]
        default:
            break
        }
    }

    /// The number of characters that encode `count` bytes.
    package static func encodedCount(of count: Int) -> Int {
        (count * 4 + 2) / 3
    }

    private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

    private static let invalid: UInt8 = 0xFF

    /// The value of every byte as a base64url digit; 0xFF for a byte outside the alphabet.
    private static let values: [UInt8] = [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 62, 0xFF, 0xFF,
        52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
        15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 0xFF, 0xFF, 0xFF, 0xFF, 63,
        0xFF, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
        41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    ]
}
