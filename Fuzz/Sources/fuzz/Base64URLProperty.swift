@testable internal import JOSE
@testable internal import Text

/// Base64url is a bijection between byte strings and accepted texts.
enum Base64URLProperty {
    static func check(_ input: [UInt8]) {
        let text = Base64URL.encode(input)
        hold(text.count == Base64URL.encodedCount(of: input.count), "the length of an encoding is known beforehand")
        hold(Base64URL.decode(text) == input, "what was encoded decodes to itself")
        if let bytes = Base64URL.decode(input) {
            hold(Base64URL.encode(bytes) == input, "an accepted text is the only encoding of its bytes")
            hold(input.allSatisfy(isDigit), "nothing outside the alphabet decodes")
        } else {
            hold(
                !input.allSatisfy(isDigit) || input.count % 4 != 0,
                "whole groups of digits always decode"
            )
        }
        if !input.isEmpty {
            hold(
                Base64URL.decode(input.dropFirst()) == Base64URL.decode(Array(input.dropFirst())),
                "a slice decodes as its copy"
            )
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
