/// Decodes numbers whose syntax the parser has checked.
enum JSONNumber {
    /// The nearest double, or `nil` when it is not finite. A number too small for a double is zero.
    static func double(_ literal: ArraySlice<UInt8>) -> Double? {
        guard let value = Double(String(decoding: literal, as: UTF8.self)), value.isFinite else { return nil }
        return value
    }

    /// The value of an integer literal, or `nil` when it is outside the range of `Int64`.
    static func integer(_ literal: ArraySlice<UInt8>) -> Int64? {
        let isNegative = literal.first == UInt8(ascii: "-")
        // The negative value is built, because Int64.min has no positive counterpart.
        var value: Int64 = 0
        for digit in literal.dropFirst(isNegative ? 1 : 0) {
            let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
            let (next, underflow) = shifted.subtractingReportingOverflow(Int64(digit & 0x0F))
            guard !overflow, !underflow else { return nil }
            value = next
        }
        if isNegative { return value }
        return value == .min ? nil : -value
    }
}
