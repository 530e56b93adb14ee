import JOSE
import Testing
import Text

@Suite struct DigestTests {
    @Test(arguments: [
        // FIPS 180-4 examples, and the empty message
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func `SHA-256 agrees with FIPS 180-4`(message: String, digest: String) {
        #expect(Hexadecimal.encode(SHA256.hash(Array(message.utf8))) == digest)
        #expect(Hexadecimal.encode(SHA256.hash(Array("x\(message)".utf8).dropFirst())) == digest)
    }

    static let vectors: [(key: [UInt8], message: [UInt8], code: String)] = [
        // RFC 4231, cases 1, 2, 3, 6
        (
            [UInt8](repeating: 0x0B, count: 20), Array("Hi There".utf8),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 20), [UInt8](repeating: 0xDD, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ]

    @Test(arguments: vectors) func `HMAC-SHA256 agrees with RFC 4231`(key: [UInt8], message: [UInt8], code: String) {
        let mac = HMACSHA256(key: key)
        for _ in 0..<3 {
            #expect(Hexadecimal.encode(mac.authenticate(message)) == code, "a key is good for more than once")
        }
        #expect(mac.authenticate([UInt8]()) != mac.authenticate(message))
    }

    @Test func `the known answers hold with this library`() throws {
        try CryptographySelfTest.run()
    }

    @Test func `a code that follows another one on the same context is right`() {
        let mac = HMACSHA256(key: Array("Jefe".utf8))
        let first = mac.authenticate(
            Array("a message of more than one block ".utf8) + [UInt8](repeating: 1, count: 100)
        )
        let second = mac.authenticate(Array("what do ya want for nothing?".utf8))
        #expect(first != second)
        #expect(Hexadecimal.encode(second) == Self.vectors[1].code)
    }

    @Test func `a code is valid for its message alone`() {
        let mac = HMACSHA256(key: [UInt8](repeating: 7, count: 32))
        let message = Array("message".utf8)
        var code = mac.authenticate(message)
        #expect(mac.isValid(code, for: message[...]))
        #expect(!mac.isValid(code.dropLast(), for: message[...]))
        #expect(!mac.isValid(code + [0], for: message[...]))
        #expect(!mac.isValid([], for: message[...]))
        code[31] ^= 1
        #expect(!mac.isValid(code, for: message[...]))
    }

    @Test func `many tasks can use one key at once`() async {
        let mac = HMACSHA256(key: [UInt8](repeating: 1, count: 32))
        let expected = (0..<64).map { mac.authenticate([UInt8](repeating: UInt8($0), count: 200)) }
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<64 {
                group.addTask {
                    (0..<200).allSatisfy { _ in
                        mac.authenticate([UInt8](repeating: UInt8(task), count: 200)) == expected[task]
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
