internal import Text

/// What no value of a setting may have, wherever it was read: the environment, `.env`, a flag, a file.
///
/// Such characters come from line ends of another system, from quotation marks that were meant for a shell, and from
/// copying out of a document. They cannot be seen, and a token signed with one of them is refused far from here.
/// Scalars are looked at, not `Character`s: CR and LF together are one `Character`.
enum SettingText {
    /// What is wrong with a text, and how to correct it.
    struct Fault: Equatable {
        let problem: String
        let remedy: String
    }

    /// - Parameter isList: Blanks may be around the entries of a list.
    static func fault(in text: String, isList: Bool = false) -> Fault? {
        let scalars = text.unicodeScalars
        for (index, scalar) in scalars.enumerated() where forbids(scalar) {
            if scalar == "\u{FFFD}" { return Fault(problem: "is not text in UTF-8", remedy: "give text in UTF-8") }
            let place =
                if index == scalars.count - 1 { "ends in" } else if index == 0 { "begins with" } else { "has" }
            return Fault(problem: "\(place) \(name(of: scalar))", remedy: "give the value without it")
        }
        guard let first = scalars.first, let last = scalars.last else { return nil }
        let isKeywords = connectionKeywords(text)
        if isExcess(first, isList: isList) {
            return Fault(problem: "begins with \(name(of: first))", remedy: "give the value without it")
        }
        if isExcess(last, isList: isList), !(isKeywords && last == "'") {
            return Fault(problem: "ends in \(name(of: last))", remedy: "give the value without it")
        }
        return nil
    }

    /// What is wrong with one entry of a list, without the blanks around it.
    static func fault(inEntry entry: some StringProtocol) -> Fault? {
        let scalars = entry.unicodeScalars
        if scalars.isEmpty { return Fault(problem: "has an empty entry", remedy: "take the extra comma out") }
        if scalars.first == "[" && scalars.last == "]" || scalars.contains(where: isQuotationMark) {
            return Fault(
                problem: "has brackets or quotation marks around an entry",
                remedy: "give the entries as they are, with commas between them"
            )
        }
        if scalars.contains(where: { $0.properties.isWhitespace || $0 == ";" }) {
            return Fault(problem: "has a blank or a semicolon in an entry", remedy: "separate the entries with commas")
        }
        return nil
    }

    /// The value in quotation marks, for a message. Of one with `@`, which may hold a password, only the scheme.
    static func quoted(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "@")) else { return "\"\(text.safe(for: .message))\"" }
        let scheme = text.firstRange(of: "://").map { String(text[..<$0.upperBound]) } ?? ""
        let isPlain = scheme.utf8.count < 20 && !scheme.utf8.contains(UInt8(ascii: "@"))
        return "\"\(isPlain ? scheme.safe(for: .message) : "")...\""
    }

    /// A control character, or one that is not shown: general categories Cc, Cf, Zl and Zp.
    private static func forbids(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        // What stands for bytes that are not UTF-8.
        default: scalar == "\u{FFFD}"
        }
    }

    private static func isExcess(_ scalar: Unicode.Scalar, isList: Bool) -> Bool {
        if isList, scalar == " " { return false }
        return scalar.properties.isWhitespace || isQuotationMark(scalar)
    }

    private static func isQuotationMark(_ scalar: Unicode.Scalar) -> Bool {
        "\"'`\u{2018}\u{2019}\u{201C}\u{201D}".unicodeScalars.contains(scalar)
    }

    /// Whether the text is a libpq keyword string with a value in quotation marks, which may end it: `password='a b'`.
    private static func connectionKeywords(_ text: String) -> Bool {
        text.contains("='") && !text.contains("://")
    }

    private static func name(of scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "a line feed"
        case "\r": "a carriage return (the line ends of Windows)"
        case "\t": "a tab"
        case " ": "a space"
        case "\0": "a zero byte"
        case "\u{FEFF}": "a byte order mark"
        case _ where isQuotationMark(scalar): "a quotation mark"
        case _ where scalar.properties.generalCategory == .control: "a control character (U+\(code(scalar)))"
        case _ where scalar.properties.isWhitespace: "white space (U+\(code(scalar)))"
        default: "a character that is not shown (U+\(code(scalar)))"
        }
    }

    private static func code(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
