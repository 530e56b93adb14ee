package import JSON
package import Text

/// Cuts a JSON object of arrays, which comes in pieces, into the elements of its arrays.
///
/// Only what lies around the elements is judged here; an element is handed over as text, from its first byte to its
/// last as the brackets count, for the strict reader to judge. So a file need not fit into memory, and every fault of
/// every row is found.
package struct JSONRowScanner {
    /// Bytes that an element may have: many times what a row needs.
    package static let maximumLength = 1 << 20

    package enum Event: Equatable {
        /// A member of the object: its name as text of JSON.
        case kind(text: [UInt8], place: TextPosition)
        /// An element of the array of the last kind.
        case element(text: [UInt8], place: TextPosition)
        /// The value of the last kind is no array; `kind` says what it is.
        case noArray(JSONValue.Kind, place: TextPosition)
        /// Nothing more is read.
        case fault(TextFault)
    }

    private enum State {
        case start
        case keyOrEnd
        case key
        case keyText
        case colon
        case value
        /// A value that is no array.
        case skipped
        case elementOrEnd
        case element
        case elementText
        case elementEnd
        case memberEnd
        case done
        case stopped
    }

    private var state = State.start
    private var place = TextPosition.start
    private var text: [UInt8] = []
    private var textPlace = TextPosition.start
    /// In a value: the brackets that are open, and whether this is inside a string, behind a backslash.
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    /// A byte that ends one thing may be wrong for the next.
    private var second: Event?

    /// Whether a fault has ended the reading.
    package var isStopped: Bool { state == .stopped }

    package init() {}

    package mutating func scan(_ bytes: [UInt8], _ body: (Event) -> Void) {
        var rest = bytes[...]
        while true {
            takePlainText(from: &rest)
            guard let byte = rest.popFirst(), state != .stopped else { return }
            if let event = scan(byte) { body(event) }
            if let event = second {
                second = nil
                body(event)
            }
            place.advance(past: byte)
        }
    }

    /// Takes what is inside a string of an element, up to where the string may end: most of what a file has.
    private mutating func takePlainText(from rest: inout ArraySlice<UInt8>) {
        guard isInString, !isEscaped, state == .elementText else { return }
        let plain = rest.prefix(Self.maximumLength - text.count)
            .prefix { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        text += plain
        for byte in plain { place.advance(past: byte) }
        rest = rest[plain.endIndex...]
    }

    package mutating func finish(_ body: (Event) -> Void) {
        switch state {
        case .done, .stopped: break
        case .start: body(fault(.emptyInput))
        default: body(fault(.unexpectedEnd))
        }
    }

    private mutating func scan(_ byte: UInt8) -> Event? {
        switch state {
        case .keyText, .elementText, .skipped: return scanText(byte)
        default: break
        }
        if Self.isWhiteSpace(byte) { return nil }
        switch (state, byte) {
        case (.start, UInt8(ascii: "{")): state = .keyOrEnd
        case (.start, 0xEF): return fault(.byteOrderMark)
        case (.start, _):
            guard let kind = Self.kind(of: byte) else { return fault(.unexpectedByte) }
            return fault("expected an object of arrays, found \(kind.article)")
        case (.keyOrEnd, UInt8(ascii: "}")), (.memberEnd, UInt8(ascii: "}")): state = .done
        case (.keyOrEnd, UInt8(ascii: "\"")), (.key, UInt8(ascii: "\"")):
            state = .keyText
            begin(byte)
        case (.key, UInt8(ascii: "}")), (.element, UInt8(ascii: "]")): return fault(.trailingComma)
        case (.colon, UInt8(ascii: ":")): state = .value
        case (.value, UInt8(ascii: "[")): state = .elementOrEnd
        case (.value, _):
            guard let kind = Self.kind(of: byte) else { return fault(.unexpectedByte) }
            state = .skipped
            begin(byte)
            return .noArray(kind, place: textPlace)
        case (.elementOrEnd, UInt8(ascii: "]")), (.elementEnd, UInt8(ascii: "]")): state = .memberEnd
        case (.elementOrEnd, _), (.element, _):
            guard Self.kind(of: byte) != nil else { return fault(.unexpectedByte) }
            state = .elementText
            begin(byte)
        case (.elementEnd, UInt8(ascii: ",")): state = .element
        case (.memberEnd, UInt8(ascii: ",")): state = .key
        case (.done, _): return fault(.trailingBytes)
        default: return fault(.unexpectedByte)
        }
        return nil
    }

    // MARK: - Values

    private mutating func begin(_ byte: UInt8) {
        text = []
        textPlace = place
        depth = 0
        isInString = false
        isEscaped = false
        add(byte)
    }

    private mutating func scanText(_ byte: UInt8) -> Event? {
        // A number or a literal ends before what cannot belong to it.
        if depth == 0, !isInString, Self.endsWord(byte) {
            let event = endText()
            // The byte is read again, by the state behind the value.
            second = scan(byte)
            return event
        }
        guard text.count < Self.maximumLength else {
            return stop(with: TextFault(place: textPlace, message: "a row of more than 1 MiB"))
        }
        add(byte)
        // Strings and brackets end with a byte of their own.
        let closes = byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
        return depth == 0 && !isInString && closes ? endText() : nil
    }

    private mutating func add(_ byte: UInt8) {
        if state != .skipped { text.append(byte) }
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): isInString = true
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        default: break
        }
    }

    private mutating func endText() -> Event? {
        defer { text = [] }
        switch state {
        case .keyText:
            state = .colon
            return .kind(text: text, place: textPlace)
        case .elementText:
            state = .elementEnd
            return .element(text: text, place: textPlace)
        default:
            state = .memberEnd
            return nil
        }
    }

    // MARK: - Bytes

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\t")
    }

    private static func endsWord(_ byte: UInt8) -> Bool {
        isWhiteSpace(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}")
    }

    /// What a value is that begins with `byte`.
    private static func kind(of byte: UInt8) -> JSONValue.Kind? {
        switch byte {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: nil
        }
    }

    // MARK: - Faults

    private mutating func fault(_ reason: JSONSyntaxError.Reason) -> Event {
        fault(JSONSyntaxError(reason, at: 0).summary)
    }

    private mutating func fault(_ message: String) -> Event {
        stop(with: TextFault(place: place, message: message))
    }

    private mutating func stop(with fault: TextFault) -> Event {
        state = .stopped
        return .fault(fault)
    }
}
