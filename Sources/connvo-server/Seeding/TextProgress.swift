internal import JOSE
internal import Text

/// The place of the next byte of a text that comes in pieces.
struct TextProgress {
    private var line = 1
    private var column = 1

    var place: TextPosition { TextPosition(line: line, column: column) }

    /// Columns count Unicode scalars: bytes that continue one take none.
    mutating func advance(past byte: UInt8) {
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        } else if byte & 0b1100_0000 != 0b1000_0000 {
            column += 1
        }
    }
}
