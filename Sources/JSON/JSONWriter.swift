internal import Text

/// Writes one JSON text (RFC 8259) as UTF-8, without white space.
///
/// Commas are written where they belong. Keys and values are written in the order of the calls:
///
///     var json = JSONWriter()
///     json.object { json in
///         json.member("status", "ready")
///         json.array("warnings") { json in
///             for warning in warnings { json.string(warning) }
///         }
///     }
///     json.bytes  // {"status":"ready","warnings":[]}
///
/// The caller keeps the grammar: one value at the top, a key before each value of an object, no key in an array.
@usableFromInline package struct JSONWriter: ~Copyable {
    /// The text written so far.
    @usableFromInline package internal(set) var bytes: [UInt8]
    /// Whether a comma stands between what was written last and a key or value that comes now.
    @usableFromInline var needsComma = false

    /// - Parameter capacity: How many bytes the text will have, roughly; it may have more.
    @inlinable package init(capacity: Int = 256) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// The text written so far.
    package var text: String { String(decoding: bytes, as: UTF8.self) }
}

// MARK: - Objects and arrays

extension JSONWriter {
    /// Writes an object, whose members `body` writes.
    @inlinable package mutating func object<Failure: Error>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        beginObject()
        try body(&self)
        endObject()
    }

    /// Writes an array, whose elements `body` writes.
    @inlinable package mutating func array<Failure: Error>(
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        beginArray()
        try body(&self)
        endArray()
    }

    @inlinable package mutating func beginObject() { begin(UInt8(ascii: "{")) }
    @inlinable package mutating func endObject() { end(UInt8(ascii: "}")) }
    @inlinable package mutating func beginArray() { begin(UInt8(ascii: "[")) }
    @inlinable package mutating func endArray() { end(UInt8(ascii: "]")) }

    @inlinable mutating func begin(_ bracket: UInt8) {
        beginValue()
        bytes.append(bracket)
        needsComma = false
    }

    @inlinable mutating func end(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    /// Writes a key that has no character which JSON escapes; the value comes next.
    @inlinable package mutating func key(_ key: StaticString) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        append(key)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a key; the value comes next.
    @inlinable package mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }
}

// MARK: - Values

extension JSONWriter {
    /// Writes a string: quotes, backslashes and control characters escaped, everything else as it is.
    @inlinable package mutating func string(_ value: String) {
        beginValue()
        Self.append(string: value, to: &bytes)
        needsComma = true
    }

    /// Appends a string as ``string(_:)`` writes it, to a text with a layout of its own.
    @inlinable package static func append(string value: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { utf8 in
            if utf8.allSatisfy({ !isEscaped($0) }) {
                bytes.append(contentsOf: utf8)
            } else {
                for byte in utf8 { append(escaping: byte, to: &bytes) }
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Writes a string that is known to hold printable ASCII without quotes and backslashes, such as a token.
    @inlinable package mutating func string(unescaped value: [UInt8]) {
        beginValue()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: value)
        bytes.append(UInt8(ascii: "\""))
        needsComma = true
    }

    @inlinable package mutating func integer(_ value: Int64) {
        beginValue()
        appendDigits(of: value)
        needsComma = true
    }

    /// Writes a whole number as a double, with a decimal point: `401.0`.
    @inlinable package mutating func double(_ value: Int64) {
        integer(value)
        bytes.append(UInt8(ascii: "."))
        bytes.append(UInt8(ascii: "0"))
    }

    /// Writes a number that is JSON already.
    @inlinable package mutating func number(_ text: String) {
        beginValue()
        bytes.append(contentsOf: text.utf8)
        needsComma = true
    }

    @inlinable package mutating func bool(_ value: Bool) {
        beginValue()
        append(value ? "true" : "false")
        needsComma = true
    }

    @inlinable package mutating func null() {
        beginValue()
        append("null")
        needsComma = true
    }

    /// Writes a value that is JSON already, as it is.
    @inlinable package mutating func raw(_ json: [UInt8]) {
        beginValue()
        bytes.append(contentsOf: json)
        needsComma = true
    }
}

// MARK: - Members

extension JSONWriter {
    @inlinable package mutating func member(_ key: StaticString, _ value: String) {
        self.key(key)
        string(value)
    }

    @inlinable package mutating func member(_ key: String, _ value: String) {
        self.key(key)
        string(value)
    }

    /// Writes a member, `null` where there is no value.
    @inlinable package mutating func member(_ key: StaticString, orNull value: String?) {
        self.key(key)
        if let value { string(value) } else { null() }
    }

    @inlinable package mutating func member(_ key: StaticString, _ value: Int64) {
        self.key(key)
        integer(value)
    }

    @inlinable package mutating func member(_ key: StaticString, _ value: Bool) {
        self.key(key)
        bool(value)
    }

    /// Writes a member that is an object, whose members `body` writes.
    @inlinable package mutating func object<Failure: Error>(
        _ key: StaticString,
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try object(body)
    }

    /// Writes a member that is an array, whose elements `body` writes.
    @inlinable package mutating func array<Failure: Error>(
        _ key: StaticString,
        _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try array(body)
    }
}

// MARK: - Bytes

extension JSONWriter {
    @inlinable mutating func beginValue() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
    }

    @inlinable mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// RFC 8259, section 7: what must not stand in a string as it is.
    @inlinable static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    @usableFromInline static func append(escaping byte: UInt8, to bytes: inout [UInt8]) {
        guard isEscaped(byte) else { return bytes.append(byte) }
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
        case 0..<0x20:
            bytes += "u00".utf8
            bytes += Hexadecimal.encode(CollectionOfOne(byte)).utf8
        default:
            bytes.append(byte)
        }
    }

    @usableFromInline mutating func appendDigits(of number: Int64) { bytes.append(decimal: number) }
}
