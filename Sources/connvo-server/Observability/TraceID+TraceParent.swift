internal import Persistence
internal import Text

extension TraceID {
    /// Reads a `traceparent` (W3C Trace Context, level 1, section 3.2). Nil unless the whole header is valid: then the
    /// client's trace is not continued.
    ///
    /// - Parameter header: Of a version above 00, only the parts that version 00 has are looked at (section 3.2.4).
    init?(traceparent header: String) {
        var header = header
        let trace: TraceID?? = header.withUTF8 { bytes in
            guard bytes.count >= 55, bytes[2] == Self.dash, bytes[35] == Self.dash, bytes[52] == Self.dash,
                let version = Self.number(bytes[0..<2]), version != 0xFF,
                let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
                let parent = Self.number(bytes[36..<52]), parent != 0,
                Self.number(bytes[53..<55]) != nil,
                bytes.count == 55 || version > 0 && bytes[55] == Self.dash
            else { return nil }
            return TraceID(high: high, low: low)
        }
        guard let trace = trace ?? nil else { return nil }
        self = trace
    }

    private static let dash = UInt8(ascii: "-")

    /// What at most 16 lower-case hexadecimal digits say; nil for other bytes.
    private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        var number: UInt64 = 0
        for digit in digits {
            let value: UInt8
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
            default: return nil
            }
            number = number << 4 | UInt64(value)
        }
        return number
    }
}
