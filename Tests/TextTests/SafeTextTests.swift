import Testing
import Text

@Suite struct SafeTextTests {
    /// A bell, an escape, a C1 control, a mark that turns the direction, a zero-width space, a line separator, a
    /// noncharacter, and text that is shown as it is.
    private static let hostile = "a\u{7}\u{1B}[2J\u{9B}\u{202E}\u{200B}\u{2028}\u{FFFF}ä"

    static let shown: [(TextDestination, String)] = [
        (.logLine, "a??[2J?\u{202E}\u{200B}\u{2028}\u{FFFF}ä"),
        (.message, "a\u{FFFD}\u{FFFD}[2J\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFF}ä"),
        (.table, "a\\u{7}\\u{1B}[2J\\u{9B}\\u{202E}\u{200B}\u{2028}\u{FFFF}ä"),
        (.markup, "a\u{FFFD}\u{FFFD}[2J\u{FFFD}\u{FFFD}\u{200B}\u{2028}\u{FFFD}ä"),
    ]

    @Test(arguments: shown)
    func `each destination replaces what it forbids`(destination: TextDestination, text: String) {
        #expect(Self.hostile.safe(for: destination).unicodeScalars.elementsEqual(text.unicodeScalars))
    }

    @Test(arguments: [TextDestination.logLine, .message, .table, .markup])
    func `ordinary text stays as it is`(destination: TextDestination) {
        for text in ["", "user_1", "Zoë Ångström", "会議", "🎉"] { #expect(text.safe(for: destination) == text) }
    }

    @Test func `a quotation in a message is cut at 64 scalars`() {
        let long = String(repeating: "ä", count: 65)

        #expect(String(long.dropLast()).safe(for: .message) == String(long.dropLast()))
        #expect(long.safe(for: .message) == String(long.dropLast()) + "...")
        #expect(String(repeating: "x", count: 65).safe(for: .message) == String(repeating: "x", count: 64) + "...")
        #expect(long.safe(for: .table) == long)
        #expect(long.safe(for: .message, limit: 65) == long)
        #expect(long.safe(for: .logLine, limit: 2) == "ää...")
    }

    @Test func `a name keeps the characters of identifiers`() {
        #expect(String(sanitizing: "key-1.A_b\"\n ä".utf8, limit: 64) == "key-1.A_b?????")
        #expect(String(sanitizing: "abcdef".utf8, limit: 3) == "abc")
    }
}
