/// Where text from outside is shown. It decides which characters must not get there, and what stands for them.
package enum TextDestination: Sendable {
    /// A line of a log, for people. Control characters become `?`, so that no text can forge a line.
    case logLine
    /// A quotation in a message. Characters that a terminal obeys or does not show become U+FFFD, and the text is cut
    /// at 64 scalars.
    case message
    /// A table on a terminal. Characters that a terminal obeys, and those that turn the direction of writing, are shown
    /// as escapes: `\u{1B}`.
    case table
    /// Markup. Characters that XML forbids, and those that turn the direction of writing, become U+FFFD; what markup is
    /// made of is left for its writer to escape.
    case markup
}

extension TextDestination {
    /// Whether the character must not get there as it is.
    package func forbids(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .logLine: scalar.isControl
        case .message: scalar.isControl || scalar.isInvisible
        case .table: scalar.isControl || scalar.turnsDirection
        case .markup: scalar.isControl || scalar.turnsDirection || scalar.isNoncharacter
        }
    }

    /// What stands for a character that is forbidden.
    private func substitute(for scalar: Unicode.Scalar) -> String {
        switch self {
        case .logLine: "?"
        case .message, .markup: "\u{FFFD}"
        case .table: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
        }
    }

    /// How many scalars of a text are shown. What is longer is cut, and ends with `...`.
    private var limit: Int {
        switch self {
        case .message: 64
        case .logLine, .table, .markup: .max
        }
    }

    fileprivate func shown(_ text: String, limit: Int?) -> String {
        let limit = limit ?? self.limit
        let isPlain = text.utf8.count <= limit && text.utf8.allSatisfy { 0x20..<0x7F ~= $0 }
        guard !isPlain else { return text }
        var shown = ""
        for scalar in text.unicodeScalars.prefix(limit) {
            if forbids(scalar) {
                shown += substitute(for: scalar)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return text.unicodeScalars.dropFirst(limit).isEmpty ? shown : shown + "..."
    }
}

extension String {
    /// The text as it may be shown there:
    ///
    ///     "report \(name.safe(for: .table)) is unknown"
    ///
    /// - Parameter limit: How many scalars are shown, where that is another number than the destination's own.
    package func safe(for destination: TextDestination, limit: Int? = nil) -> String {
        destination.shown(self, limit: limit)
    }

    /// A name from outside for logs and messages: of `bytes`, `[A-Za-z0-9._-]` stays, every other byte becomes `?`, and
    /// what is longer than `limit` bytes is cut.
    package init(sanitizing bytes: some Collection<UInt8>, limit: Int) {
        let kept = bytes.prefix(limit).map { byte in
            byte.isIdentifierCharacter || byte == UInt8(ascii: ".") ? byte : UInt8(ascii: "?")
        }
        self.init(decoding: kept, as: UTF8.self)
    }
}

extension Unicode.Scalar {
    /// A control character (general category Cc): what terminals take commands in.
    fileprivate var isControl: Bool { properties.generalCategory == .control }

    /// A format character or a separator of lines or paragraphs (general categories Cf, Zl and Zp).
    fileprivate var isInvisible: Bool {
        switch properties.generalCategory {
        case .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// One of the characters that change the direction of writing (Unicode UAX #9, 2.1 to 2.4), with which text can
    /// be made to read otherwise than it is stored.
    fileprivate var turnsDirection: Bool {
        switch value {
        case 0x202A...0x202E, 0x2066...0x2069, 0x061C, 0x200E, 0x200F: true
        default: false
        }
    }

    /// U+FFFE, U+FFFF, and the last two code points of every other plane.
    fileprivate var isNoncharacter: Bool { value & 0xFFFE == 0xFFFE }
}
