internal import NIOCore

extension ByteBuffer {
    /// Writes a JSON string with its quotes (RFC 8259, section 7): quotes, backslashes and control characters escaped.
    mutating func writeJSON(_ text: String) {
        writeInteger(UInt8(ascii: "\""))
        var text = text
        let needsNoEscape = text.withUTF8 { bytes in
            bytes.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        }
        if needsNoEscape {
            writeString(text)
        } else {
            for byte in text.utf8 { writeEscaped(byte) }
        }
        writeInteger(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"):
            writeInteger(UInt8(ascii: "\\"))
            writeInteger(byte)
        case 0x0A: writeStaticString("\\n")
        case 0x0D: writeStaticString("\\r")
        case 0x09: writeStaticString("\\t")
        case 0..<0x20:
            let digits: StaticString = "0123456789abcdef"
            writeStaticString("\\u00")
            writeInteger(digits.utf8Start[Int(byte >> 4)])
            writeInteger(digits.utf8Start[Int(byte & 15)])
        default:
            writeInteger(byte)
        }
    }
}
