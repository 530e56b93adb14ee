import Testing
import Text

/// The same of bytes that lie together and of bytes that do not.
@Suite struct CollectionBytesTests {
    private static let texts = [
        "", "a", "abc-DEF_1", "é?", "?", String(repeating: "x", count: 100) + "?" + "y?", "a?b",
    ]

    @Test(arguments: texts)
    func `each byte is looked at`(text: String) {
        let expected = text.utf8.allSatisfy(\.isIdentifierCharacter)
        #expect(text.utf8.areAll(\.isIdentifierCharacter) == expected)
        #expect(text.utf8.dropFirst(0).areAll(\.isIdentifierCharacter) == expected)
        #expect(Scattered(bytes: Array(text.utf8)).areAll(\.isIdentifierCharacter) == expected)
    }

    @Test(arguments: texts)
    func `the first byte is found`(text: String) {
        let mark = UInt8(ascii: "?")
        let expected = Array(text.utf8).firstIndex(of: mark)
        #expect(text.utf8.offset(of: mark) == expected)
        #expect(("..." + text).utf8.dropFirst(3).offset(of: mark) == expected)
        #expect(Scattered(bytes: Array(text.utf8)).offset(of: mark) == expected)
    }

    /// A collection that gives no access to its memory.
    private struct Scattered: Collection {
        let bytes: [UInt8]
        var startIndex: Int { 7 }
        var endIndex: Int { 7 + bytes.count }
        func index(after index: Int) -> Int { index + 1 }
        subscript(index: Int) -> UInt8 { bytes[index - 7] }
    }
}
