import Domain
import Testing

@Suite struct IdentifierTests {
    static let letters = "abcdefghijklmnopqrstuvwxyz"
    static let common = Set((letters + letters.uppercased() + "0123456789_-").utf8)

    @Test(arguments: UInt8.min...UInt8.max)
    func `of all bytes only the documented ones are allowed, at any place`(byte: UInt8) {
        // The scalar with this number: one byte of UTF-8 below 0x80, otherwise two.
        let character = String(Character(Unicode.Scalar(byte)))
        let isCommon = Self.common.contains(byte)

        for text in [character, character + "a", "a" + character, "a" + character + "a"] {
            #expect((Meeting.ID(validating: text) != nil) == isCommon)
            #expect((User.ID(validating: text) != nil) == (isCommon || byte == UInt8(ascii: "@")))
        }
    }

    @Test(arguments: [(0, false), (1, true), (2, true), (63, true), (64, true), (65, false), (1000, false)])
    func `a meeting's id has 1 to 64 characters`(count: Int, isValid: Bool) {
        let text = String(repeating: "m", count: count)

        #expect(Meeting.ID(validating: text)?.rawValue == (isValid ? text : nil))
    }

    @Test(arguments: [(0, false), (1, true), (64, true), (65, true), (255, true), (256, false), (5000, false)])
    func `a user's id has 1 to 255 characters`(count: Int, isValid: Bool) {
        let text = String(repeating: "u", count: count)

        #expect(User.ID(validating: text)?.rawValue == (isValid ? text : nil))
    }

    @Test(arguments: [
        "meeting_é", "meeting_e\u{301}", "ｍeeting", "meeting\u{0}", "meeting\n", " meeting", "meeting ",
        "meeting/../x", "meeting:1", "m'--", "\u{202E}m", "😀", "\r\n", "m\u{FEFF}",
    ])
    func `a text that resembles an id is refused and not rewritten`(text: String) {
        #expect(Meeting.ID(validating: text) == nil)
        #expect(User.ID(validating: text) == nil)
    }

    @Test(arguments: ["meeting_123example", "user_workos_123", "A", "_", "-", "0"])
    func `an id keeps its bytes`(text: String) {
        #expect(Meeting.ID(validating: text)?.rawValue == text)
        #expect(User.ID(validating: text)?.rawValue == text)
        #expect(Meeting.ID(validating: text)?.description == text)
    }

    @Test func `the length is counted in bytes`() {
        #expect(Meeting.ID(validating: String(repeating: "é", count: 33)) == nil)
    }
}
