/// Why a text is not strict JSON, and where.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    /// The kind of fault. The raw value is a stable slug for logs and metric labels.
    package enum Reason: String, Sendable, CaseIterable {
        /// The text is empty or only white space.
        case emptyInput = "empty_input"
        /// The text ends inside a value.
        case unexpectedEnd = "unexpected_end"
        /// A byte that cannot start or continue a value here.
        case unexpectedByte = "unexpected_byte"
        /// More bytes after the end of the top-level value.
        case trailingBytes = "trailing_bytes"
        /// A comma before `]` or `}`.
        case trailingComma = "trailing_comma"
        /// A byte order mark (RFC 8259 §8.1 forbids it).
        case byteOrderMark = "byte_order_mark"
        /// Bytes in a string that are not UTF-8. Encoded surrogates and overlong forms count as this too.
        case invalidUTF8 = "invalid_utf8"
        /// A raw byte below U+0020 in a string.
        case controlCharacter = "control_character"
        /// A backslash followed by a character that RFC 8259 §7 does not permit.
        case invalidEscape = "invalid_escape"
        /// `\uD800`…`\uDFFF` outside a surrogate pair.
        case loneSurrogate = "lone_surrogate"
        /// A number that violates the grammar of RFC 8259 §6.
        case invalidNumber = "invalid_number"
        /// A number such as `01`.
        case leadingZero = "leading_zero"
        /// A number too large for a finite double, such as `1e400`.
        case numberOutOfRange = "number_out_of_range"
        /// The same key twice in an object, compared after unescaping.
        case duplicateKey = "duplicate_key"
        /// More nested arrays and objects than `maximumDepth`.
        case tooDeep = "too_deep"
        /// A text of 1 GiB or more.
        case tooLong = "too_long"
    }

    package let reason: Reason

    /// Where parsing stopped, in bytes from the start of the text. It may be the end of the text.
    package let offset: Int

    /// The repeated key, cut at 32 bytes, with `?` for every byte outside `[A-Za-z0-9._-]`.
    package let key: String?

    package init(_ reason: Reason, at offset: Int, key: String? = nil) {
        self.reason = reason
        self.offset = offset
        self.key = key
    }

    /// A message for people: `duplicate key "alg" at byte 12`. It quotes nothing of the text but the sanitized key.
    package var description: String {
        "\(summary) at byte \(offset)"
    }

    /// The description without the position, for callers that add line and column.
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
