/// Numbers for people.
enum Figures {
    /// `1,234,567`.
    static func grouped(_ number: Int64) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// `950`, `1.2k`, `35k`, `1.5M`: for axes.
    static func short(_ number: Double) -> String {
        for (scale, unit) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where number.magnitude >= scale {
            return decimal(number / scale, places: 1) + unit
        }
        return decimal(number, places: 1)
    }

    /// At most so many places, without zeros at the end.
    static func decimal(_ number: Double, places: Int = 4) -> String {
        let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
        guard number.isFinite, number.magnitude < 1e12 else { return "\(number)" }
        let scaled = Int64((number * scale).rounded())
        let (whole, rest) = scaled.magnitude.quotientAndRemainder(dividingBy: UInt64(scale))
        var fraction = String(String(UInt64(scale) + rest).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return (scaled < 0 ? "-" : "") + String(whole) + (fraction.isEmpty ? "" : "." + fraction)
    }

    /// A share of a whole as `8.0 %`; a dash where the whole is nothing.
    static func share(_ part: Int64, of whole: Int64) -> String {
        whole == 0 ? "–" : percent(Double(part) / Double(whole))
    }

    /// One place, always, so that a column of them lines up.
    static func percent(_ ratio: Double) -> String {
        let text = decimal(ratio * 100, places: 1)
        return text + (text.contains(".") ? " %" : ".0 %")
    }

    /// `1 meeting`, `2 meetings`.
    static func counted(_ number: Int64, _ noun: String) -> String {
        "\(grouped(number)) \(noun)\(number == 1 ? "" : "s")"
    }
}
