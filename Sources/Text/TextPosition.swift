/// A place in a text as an editor shows it.
package struct TextPosition: Equatable, Sendable, CustomStringConvertible {
    /// Counted from 1. A line ends with U+000A.
    package let line: Int

    /// Counted from 1, in Unicode scalars (not bytes, not UTF-16 units).
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// The place of the byte at `offset`; an offset outside `text` counts as its nearest end.
    ///
    /// - Parameter text: UTF-8. Continuation bytes take no column, so text that is not UTF-8 gets a place too.
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
