package import Text

/// Cuts CSV that comes in pieces into records (RFC 4180, strict about quotes).
///
/// A field is quoted from its first character to its last or not at all; inside, a quote is written twice, and line
/// ends belong to the value. Records end with CRLF or LF. Empty lines are skipped. Whether the bytes are UTF-8 is asked
/// when a field is decoded.
package struct CSVScanner {
    /// Bytes that a record may have: many times what a row needs, so that a quote that is never closed is found.
    package static let maximumLength = 1 << 20

    package struct Field: Equatable {
        /// Where the value lies in the record's text.
        package let content: Range<Int>
        package let isQuoted: Bool
        /// Of its first character: the opening quote where there is one.
        package let place: TextPosition
    }

    package struct Record: Equatable {
        /// The values, one after the other, without quotes.
        package let text: [UInt8]
        package let fields: [Field]
        package let place: TextPosition
        package let faults: [TextFault]

        /// The value of a field, or nil when it is not UTF-8.
        package func string(_ field: Field) -> String? {
            String(validating: text[field.content], as: UTF8.self)
        }
    }

    private enum State {
        case fieldStart
        case unquoted
        case quoted
        /// Behind a quote in a quoted field: its end, or the first of two.
        case quote
        case carriageReturn
        /// Nothing more is read.
        case stopped
    }

    private var state = State.fieldStart
    private var place = TextPosition.start
    private var text: [UInt8] = []
    private var fields: [Field] = []
    private var faults: [TextFault] = []
    private var length = 0
    private var recordPlace = TextPosition.start
    private var fieldPlace = TextPosition.start
    private var fieldStart = 0
    private var isQuoted = false
    /// Where the last carriage return stands.
    private var returnPlace = TextPosition.start

    /// Whether something could not be cut into records: what follows it was not read.
    package private(set) var isIncomplete = false

    package init() {}

    package mutating func scan(_ bytes: [UInt8], _ body: (Record) -> Void) {
        for byte in bytes {
            if state == .carriageReturn, byte != UInt8(ascii: "\n") {
                faults.append(TextFault(place: returnPlace, message: "a carriage return without a line feed"))
                endRecord(body)
            }
            if state == .stopped { return }
            if length == 0 {
                recordPlace = place
                fieldPlace = recordPlace
            }
            length += 1
            guard length <= Self.maximumLength else { return stopForLength(body) }
            scan(byte, body)
            place.advance(past: byte)
        }
    }

    /// The end of the text, which may stand for the last line end.
    package mutating func finish(_ body: (Record) -> Void) {
        switch state {
        case .stopped:
            return
        case .quoted:
            faults.append(TextFault(place: fieldPlace, message: "the quote is not closed"))
            isIncomplete = true
        case .carriageReturn:
            faults.append(TextFault(place: returnPlace, message: "a carriage return without a line feed"))
        case .fieldStart, .unquoted, .quote:
            break
        }
        if length > 0 { endRecord(body) }
        state = .stopped
    }

    private mutating func scan(_ byte: UInt8, _ body: (Record) -> Void) {
        switch (state, byte) {
        case (.quoted, UInt8(ascii: "\"")):
            state = .quote
        case (.quoted, _):
            text.append(byte)
        case (.quote, UInt8(ascii: "\"")):
            text.append(byte)
            state = .quoted
        case (_, UInt8(ascii: ",")):
            endField()
        case (_, UInt8(ascii: "\n")):
            // The place of the next record is that behind this byte; `length` 0 makes the caller look.
            endRecord(body)
        case (_, UInt8(ascii: "\r")):
            returnPlace = place
            if state == .fieldStart { fieldPlace = returnPlace }
            state = .carriageReturn
        case (.fieldStart, UInt8(ascii: "\"")):
            fieldPlace = place
            isQuoted = true
            state = .quoted
        case (.quote, _):
            fault("text behind the closing quote")
            text.append(byte)
            state = .unquoted
        case (_, UInt8(ascii: "\"")):
            fault("a quote inside a value that does not begin with one")
            text.append(byte)
        case (_, _):
            if state == .fieldStart {
                fieldPlace = place
                state = .unquoted
            }
            text.append(byte)
        }
    }

    /// Once a record: what comes after the first is a consequence of it.
    private mutating func fault(_ message: String) {
        if faults.isEmpty { faults.append(TextFault(place: place, message: message)) }
    }

    private mutating func stopForLength(_ body: (Record) -> Void) {
        faults = [
            state == .quoted || state == .quote
                ? TextFault(place: fieldPlace, message: "the quote is not closed within 1 MiB")
                : TextFault(place: recordPlace, message: "a line of more than 1 MiB")
        ]
        isIncomplete = true
        endRecord(body)
        state = .stopped
    }

    private mutating func endField() {
        // An empty field begins where the comma behind it stands.
        let start = state == .fieldStart ? place : fieldPlace
        fields.append(Field(content: fieldStart..<text.count, isQuoted: isQuoted, place: start))
        fieldStart = text.count
        isQuoted = false
        state = .fieldStart
    }

    private mutating func endRecord(_ body: (Record) -> Void) {
        let isEmptyLine = fields.isEmpty && text.isEmpty && !isQuoted && faults.isEmpty
        if isEmptyLine {
            state = .fieldStart
        } else {
            if state == .carriageReturn { state = .unquoted }
            endField()
            body(Record(text: text, fields: fields, place: recordPlace, faults: faults))
        }
        text.removeAll(keepingCapacity: true)
        fields.removeAll(keepingCapacity: true)
        faults = []
        fieldStart = 0
        length = 0
    }
}
