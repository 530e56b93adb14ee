internal import COpenSSL
internal import Text

/// Known answers for everything that this module asks of OpenSSL.
///
/// libcrypto is linked when the program starts, and its version is that of the machine. A library that computes a wrong
/// signature would make tokens that Stream refuses, with records that say they were issued.
///
/// ```swift
/// try CryptographySelfTest.run()
/// ```
package enum CryptographySelfTest {
    /// A computation whose result was not the known one.
    package struct Failure: Error, CustomStringConvertible, Sendable {
        /// What was computed, such as `HMAC-SHA256`.
        package let computation: String

        package var description: String {
            let version = String(cString: OpenSSL_version(0))
            return "\(version) computes \(computation) wrongly: install a corrected libcrypto"
        }
    }

    /// Computes each known answer once more.
    ///
    /// - Throws: ``Failure`` for the first that differs.
    package static func run() throws(Failure) {
        let digest = SHA256.hash(Array("abc".utf8))
        guard Hexadecimal.encode(digest) == sha256OfABC else { throw Failure(computation: "SHA-256") }
        let mac = HMACSHA256(key: Array("Jefe".utf8))
        // Twice: the first code of a context may be right where the second is wrong.
        for _ in 0..<2 {
            let code = mac.authenticate(Array("what do ya want for nothing?".utf8))
            guard Hexadecimal.encode(code) == hmacOfRFC4231Case2 else { throw Failure(computation: "HMAC-SHA256") }
        }
        try verifySignature()
    }

    private static func verifySignature() throws(Failure) {
        guard let modulus = Hexadecimal.decode(rsaModulus), var signature = Hexadecimal.decode(rsaSignature),
            let key = try? RSAPublicKey(modulus: modulus, exponent: [1, 0, 1])
        else { throw Failure(computation: "RSA public keys") }
        let message = Array("connvo-server self-test".utf8)
        guard key.verify(signature: signature, message: message) else {
            throw Failure(computation: "RS256 of a valid signature")
        }
        signature[signature.count - 1] ^= 1
        guard !key.verify(signature: signature, message: message) else {
            throw Failure(computation: "RS256 of an invalid signature")
        }
    }

    /// FIPS 180-4, example 1.
    private static let sha256OfABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    /// RFC 4231, section 4.3.
    private static let hmacOfRFC4231Case2 = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"

    /// A 2048-bit key whose private half was discarded after it had signed the one message; exponent 65537.
    private static let rsaModulus = """
        a27555d765fca264ca578445f8a3fca3cb713d253b7ac6fd856bacbd269bb39410cdbee9518d5181566e0738a4fbb85371de\
        e308530c6eab8103c2320ee05ffbad40cf41eeea8f4a06427f1ab40a0ee45eb973d7872f2bf9cac84d1fb69eb429dd6bfe29\
        109f75de6b2cc2c733088b3dd5b24c2b55649105dfd357a92e080136eb7b113b9078ff97f0502f824e6f711c100defb90274\
        8e8e1be8729d97cb47c96df441261c6d0ff5332a9338f4eeaaa478eea1d78bed87b7484d386af71678fe41517a8a3476cc42\
        728b9ce8cc5a625be2ce2396e70482c0a7b970ec04fca0c22f8b355fb339c83540f2ba94bcfd11116425a52712536c925f24\
        56f404ea08fb
        """

    private static let rsaSignature = """
        02b00ea7893fd94d4fb76a206a6b34fee09415919b595664d6069e71711713f2887a0584abecb60748ddf7e99dc839237346\
        5293acbb03c0820f5851389278cabb6a647839e02d785578c4e9eb15e71ab1c014ff7ba100ba82776bcb26bac519db13941e\
        e0d8761b1654419a85045e91e565f91f643110a1f0f29cd05365d46a405abc64d52769838042b474a7e1b0c1828987f02451\
        b98a62f166e549d037e02ab806e332c68f64b830de35bd6d3be564365fbec468f0122d6f932b8ded7b4ca128518b2e45d54b\
        f870c6f1734561a17231432e10ea8d0988a767dcb50599da0df58a05b1f0956e4a4be1c7c0a6af8882e54ec0da8b5be8d557\
        0a40c9aea177
        """
}
