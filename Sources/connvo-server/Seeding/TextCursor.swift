internal import JOSE
internal import Text

/// Finds lines and columns of offsets that mostly grow, in one pass over the text.
struct TextCursor {
    private let bytes: [UInt8]
    private let start: TextPosition
    private var offset = 0
    private var line: Int
    private var column: Int

    /// - Parameter start: Where the text begins in what it was cut from.
    init(_ bytes: [UInt8], from start: TextPosition = TextPosition(line: 1, column: 1)) {
        self.bytes = bytes
        self.start = start
        self.line = start.line
        self.column = start.column
    }

    /// The same as `TextPosition(of:in:)`, which starts from the beginning each time.
    mutating func position(of target: Int) -> TextPosition {
        if target < offset { (offset, line, column) = (0, start.line, start.column) }
        while offset < min(target, bytes.count) {
            if bytes[offset] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[offset] & 0b1100_0000 != 0b1000_0000 {
                column += 1
            }
            offset += 1
        }
        return TextPosition(line: line, column: column)
    }
}
