/// A position in a text as an editor shows it.
///
/// ```swift
/// let position = TextPosition(of: error.offset, in: text)
/// print("line \(position.line), column \(position.column)")
/// ```
package struct TextPosition: Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1. A line ends with U+000A.
    package var line: Int

    /// Counted from 1, in Unicode scalars (not bytes, not UTF-16 units).
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The position of the first byte.
    package static let start = TextPosition(line: 1, column: 1)

    /// Moves to the position behind `byte`, a byte of UTF-8.
    ///
    /// Continuation bytes do not count as columns, so invalid UTF-8 has a position too.
    @inlinable package mutating func advance(past byte: UInt8) {
        if byte == UInt8(ascii: "\n") {
            line += 1
            column = 1
        } else if byte & 0b1100_0000 != 0b1000_0000 {
            column += 1
        }
    }

    /// The position of the byte at `offset` of a text in UTF-8. An offset before or after `text` gives the position of
    /// its start or end.
    package init(of offset: Int, in text: [UInt8]) {
        self = .start
        for byte in text.prefix(max(0, offset)) { advance(past: byte) }
    }

    package var description: String {
        "line \(line), column \(column)"
    }
}
