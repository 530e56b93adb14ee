internal import Text

/// Decodes strings whose syntax the parser has checked.
enum JSONString {
    /// The range of the content, without the quotes.
    static func content(of node: JSONNode) -> Range<Int> {
        Int(node.start) + 1..<Int(node.end) - 1
    }

    /// The offset of the first byte at or after `start` that does not stand for itself in a string: a quote, a backslash,
    /// a control character or a byte of a longer scalar. The length of the text when there is none.
    static func endOfPlainBytes(from start: Int, in text: UnsafeRawBufferPointer) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highestBits: UInt64 = 0x8080_8080_8080_8080
        let quotes = ones &* UInt64(UInt8(ascii: "\""))
        let backslashes = ones &* UInt64(UInt8(ascii: "\\"))
        var position = start
        while text.count - position >= 8 {
            let word = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            // A subtraction sets the highest bit of a byte that was too small, and borrows from the bytes above it: the
            // lowest mark is right, and others are not looked at.
            let controls = (word &- ones &* 0x20) & ~word
            let quote = ((word ^ quotes) &- ones) & ~(word ^ quotes)
            let backslash = ((word ^ backslashes) &- ones) & ~(word ^ backslashes)
            let marks = (word | controls | quote | backslash) & highestBits
            if marks != 0 { return position + marks.trailingZeroBitCount / 8 }
            position += 8
        }
        while position < text.count, isPlain(text[position]) { position += 1 }
        return position
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        0x20..<0x80 ~= byte && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// The content as UTF-8, with its escapes decoded.
    static func unescaped(_ node: JSONNode, in bytes: [UInt8]) -> [UInt8] {
        let content = content(of: node)
        var text: [UInt8] = []
        text.reserveCapacity(content.count)
        var index = content.lowerBound
        while index < content.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                text.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = codeUnit(at: index + 2, in: bytes) ?? 0
                if 0xD800...0xDBFF ~= scalar, let low = codeUnit(at: index + 8, in: bytes) {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + (low & 0x3FF)
                    index += 6
                }
                append(scalar, to: &text)
                index += 4
            case let itself: text.append(itself)
            }
            index += 2
        }
        return text
    }

    /// The value of the four hexadecimal digits at `index`, or `nil` when there are not four.
    static func codeUnit(at index: Int, in bytes: [UInt8]) -> UInt32? {
        guard index + 4 <= bytes.count else { return nil }
        var unit: UInt32 = 0
        for byte in bytes[index..<index + 4] {
            guard let digit = byte.hexadecimalValue else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func append(_ scalar: UInt32, to text: inout [UInt8]) {
        guard let scalar = Unicode.Scalar(scalar) else { return }
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }
}
