/// Why a text is not the strict JSON that we read, and where.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// What is wrong. The raw value is a stable slug for logs and metric labels.
    package enum Reason: String, Sendable, CaseIterable {
        /// Nothing, or white space alone.
        case emptyInput = "empty_input"
        /// The text stops inside a value.
        case unexpectedEnd = "unexpected_end"
        /// A byte that cannot start or continue a value here.
        case unexpectedByte = "unexpected_byte"
        /// Something after the end of the one value.
        case trailingBytes = "trailing_bytes"
        /// A comma before `]` or `}`.
        case trailingComma = "trailing_comma"
        /// A byte order mark (RFC 8259 §8.1: must not be added).
        case byteOrderMark = "byte_order_mark"
        /// Bytes in a string that are not UTF-8 (surrogates and overlong forms included).
        case invalidUTF8 = "invalid_utf8"
        /// A raw byte below U+0020 in a string.
        case controlCharacter = "control_character"
        /// A backslash followed by something RFC 8259 §7 does not know.
        case invalidEscape = "invalid_escape"
        /// `\uD800`…`\uDFFF` that is not half of a pair.
        case loneSurrogate = "lone_surrogate"
        /// A number against the grammar of RFC 8259 §6.
        case invalidNumber = "invalid_number"
        /// A number such as `01`.
        case leadingZero = "leading_zero"
        /// A number that no finite double comes near, such as `1e400`.
        case numberOutOfRange = "number_out_of_range"
        /// An object with the same key twice, compared after unescaping.
        case duplicateKey = "duplicate_key"
        /// More arrays and objects inside each other than the limit.
        case tooDeep = "too_deep"
        /// A text of 1 GiB or more.
        case tooLong = "too_long"
    }

    package let reason: Reason

    /// Where reading stopped: a count of bytes from the start of the text, which may be its end.
    package let offset: Int

    /// The repeated key, cut at 32 characters, anything outside `[A-Za-z0-9._-]` shown as `?`.
    package let key: String?

    package init(_ reason: Reason, at offset: Int, key: String? = nil) {
        self.reason = reason
        self.offset = offset
        self.key = key
    }

    /// For people: `duplicate key "alg" at byte 12`. Quotes no input but the sanitized key.
    package var description: String {
        "\(summary) at byte \(offset)"
    }

    /// The description without the place, for those who give line and column instead.
    package var summary: String {
        switch reason {
        case .emptyInput: "empty input"
        case .unexpectedEnd: "unexpected end"
        case .unexpectedByte: "unexpected character"
        case .trailingBytes: "unexpected text after the value"
        case .trailingComma: "trailing comma"
        case .byteOrderMark: "byte order mark"
        case .invalidUTF8: "invalid UTF-8"
        case .controlCharacter: "unescaped control character"
        case .invalidEscape: "invalid escape"
        case .loneSurrogate: "lone surrogate"
        case .invalidNumber: "invalid number"
        case .leadingZero: "number with a leading zero"
        case .numberOutOfRange: "number out of range"
        case .duplicateKey: key.map { "duplicate key \"\($0)\"" } ?? "duplicate key"
        case .tooDeep: "nested too deeply"
        case .tooLong: "text too long"
        }
    }
}
