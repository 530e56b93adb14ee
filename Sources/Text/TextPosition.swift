/// A position in a text as an editor shows it.
///
/// ```swift
/// let position = TextPosition(of: error.offset, in: text)
/// print("line \(position.line), column \(position.column)")
/// ```
package struct TextPosition: Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1. A line ends with U+000A.
    package let line: Int

    /// Counted from 1, in Unicode scalars (not bytes, not UTF-16 units).
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The position of the byte at `offset`. An offset before or after `text` gives the position of its start or end.
    ///
    /// - Parameter text: UTF-8. Continuation bytes do not count as columns, so invalid UTF-8 has a position too.
    package init(of offset: Int, in text: [UInt8]) {
        var line = 1
        var column = 1
        for byte in text.prefix(max(0, offset)) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0b1100_0000 != 0b1000_0000 {
                column += 1
            }
        }
        self.init(line: line, column: column)
    }

    package var description: String {
        "line \(line), column \(column)"
    }
}
