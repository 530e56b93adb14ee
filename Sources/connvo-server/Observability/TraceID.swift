/// The id of a distributed trace, as the header `traceparent` carries it (W3C Trace Context, level 1, section 3.2).
struct TraceID: Hashable, Sendable {
    /// 32 lower-case hexadecimal digits, not all of them 0.
    let text: String

    /// Reads a `traceparent`. Nil unless the whole header is valid: then the client's trace is not continued.
    ///
    /// - Parameter header: Of a version above 00, only the parts that version 00 has are looked at (section 3.2.4).
    init?(traceparent header: String) {
        let bytes = Array(header.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash else { return nil }
        let version = bytes[0..<2]
        let traceID = bytes[3..<35]
        let parentID = bytes[36..<52]
        guard
            [version, traceID, parentID, bytes[53..<55]].allSatisfy({ $0.allSatisfy(Self.isLowerHexadecimal) }),
            !version.elementsEqual("ff".utf8),
            traceID.contains(where: { $0 != UInt8(ascii: "0") }),
            parentID.contains(where: { $0 != UInt8(ascii: "0") })
        else { return nil }
        if version.elementsEqual("00".utf8) {
            guard bytes.count == 55 else { return nil }
        } else {
            guard bytes.count == 55 || bytes[55] == dash else { return nil }
        }
        text = String(decoding: traceID, as: UTF8.self)
    }

    private static func isLowerHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }
}
