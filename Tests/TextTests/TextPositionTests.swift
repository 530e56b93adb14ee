import Testing
import Text

@Suite struct TextPositionTests {
    private static let text = Array("ä\n\r\nxy\u{1F600}z".utf8)

    /// Offset, line and column.
    static let places: [(Int, Int, Int)] = [
        (0, 1, 1), (2, 1, 2), (3, 2, 1), (4, 2, 2), (5, 3, 1), (7, 3, 3), (11, 3, 4), (12, 3, 5),
        (-1, 1, 1), (.max, 3, 5),
    ]

    @Test(arguments: places)
    func `lines end with a line feed, and columns are scalars`(offset: Int, line: Int, column: Int) {
        #expect(TextPosition(of: offset, in: Self.text) == TextPosition(line: line, column: column))
    }

    @Test func `a cursor finds the same places, forwards and back`() {
        var cursor = TextCursor(Self.text)
        for (offset, line, column) in Self.places + Self.places.reversed() {
            #expect(cursor.position(of: offset) == TextPosition(line: line, column: column))
        }
    }

    @Test func `a cursor counts on from where its text was cut out`() {
        var cursor = TextCursor(Self.text, from: TextPosition(line: 7, column: 5))

        #expect(cursor.position(of: 2) == TextPosition(line: 7, column: 6))
        #expect(cursor.position(of: 3) == TextPosition(line: 8, column: 1))
        #expect(cursor.position(of: 0) == TextPosition(line: 7, column: 5))
    }
}
