internal import Text

/// Cuts a text that comes in pieces into lines, which end with LF or CRLF; the last need not end.
struct LineScanner {
    /// Bytes that a line may have: many times what a row needs, so that a file without line ends is refused early.
    static let maximumLength = 1 << 20

    struct Line: Equatable {
        /// Where it begins.
        let place: TextPosition
        /// Without its end; empty when it is too long.
        let text: [UInt8]
        let isTooLong: Bool
    }

    private var place = TextPosition.start
    private var text: [UInt8] = []
    private var isTooLong = false

    mutating func scan(_ bytes: [UInt8], _ body: (Line) -> Void) {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<end])
            endLine(body)
            rest = rest[(end + 1)...]
        }
        append(rest)
    }

    /// What stands behind the last line end.
    mutating func finish(_ body: (Line) -> Void) {
        if !text.isEmpty || isTooLong { endLine(body) }
    }

    private mutating func append(_ piece: ArraySlice<UInt8>) {
        guard !isTooLong else { return }
        if text.count + piece.count > Self.maximumLength {
            isTooLong = true
            text.removeAll()
        } else {
            text += piece
        }
    }

    private mutating func endLine(_ body: (Line) -> Void) {
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        body(Line(place: place, text: text, isTooLong: isTooLong))
        place.advance(past: UInt8(ascii: "\n"))
        text = []
        isTooLong = false
    }
}
