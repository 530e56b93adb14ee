import JOSE
import Testing
import Text

@Suite struct Base64URLTests {
    @Test(arguments: [
        // RFC 4648 §10, without padding
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func `the vectors of RFC 4648 encode and decode`(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == Array(encoded.utf8))
        #expect(Base64URL.decode(Array(encoded.utf8)) == Array(plain.utf8))
    }

    @Test func `the digits 62 and 63 are those of the URL alphabet`() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == Array("-_-_".utf8))
        #expect(Base64URL.decode(Array("-_-_".utf8)) == [0xFB, 0xFF, 0xBF])
    }

    @Test func `random bytes of every length up to 300 survive encoding and decoding`() {
        for count in 0...300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: .min ... .max) }
            let text = Base64URL.encode(bytes)
            #expect(Base64URL.decode(text) == bytes)
            #expect(text.count == Base64URL.encodedCount(of: count))
            #expect(Base64URL.decode(([0x21] + text).dropFirst()) == bytes, "a slice that does not start at 0")
        }
    }

    @Test(arguments: [
        "A", "AAAAA", "Zg==", "Zm8=", "Zg=", "=", "Zm9v====", "Zm+v", "Zm/v", "Zm 9v", " Zm9v", "Zm9v ", "Zm9v\n",
        "Zm9v\r\n", "Zm\t9v", "Zm9v\0", "Zm.9", "Zmé", "Zm9v?", "Zm9~", "[]^`", "@@@@", "{{{{", "////", "++++",
    ])
    func `a character outside the alphabet is refused`(text: String) {
        #expect(Base64URL.decode(Array(text.utf8)) == nil)
    }

    @Test(arguments: ["YR", "YS", "YW", "Zh", "Zm9", "Zm-", "Zm8AYR", "AB", "AAB", "__", "___"])
    func `unused bits that are not zero are refused`(text: String) {
        #expect(Base64URL.decode(Array(text.utf8)) == nil)
    }

    @Test func `exactly the 64 digits are digits`() {
        let digits = (0...255).filter { byte in
            Base64URL.decode([UInt8(byte), 0x41, 0x41, 0x41]) != nil
        }
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8.map { Int($0) }
        #expect(digits == alphabet.sorted())
    }

    @Test func `every text of two digits that decodes encodes to itself`() {
        for a in UInt8.min ... .max {
            for b in UInt8.min ... .max {
                guard let bytes = Base64URL.decode([a, b]) else { continue }
                #expect(Base64URL.encode(bytes) == [a, b])
            }
        }
    }

    @Test func `hexadecimal is lower case, two digits a byte`() {
        #expect(Hexadecimal.encode([0x00, 0x0F, 0xA0, 0xFF]) == "000fa0ff")
        #expect(Hexadecimal.encode([UInt8]()) == "")
    }
}
