import COpenSSL
import HostileTokens
import JOSE
import Testing

/// OpenSSL stores errors in a queue per thread. A later caller, such as libpq's TLS, would read them as its own.
@Suite struct ErrorQueueTests {
    @Test func `no call leaves an error in the queue`() throws {
        let key = try Keys.main.get()
        let message = Array("message".utf8)
        let signature = try key.sign(message)
        let modulus = key.publicKey.modulus
        let calls: [(String, () -> Void)] = [
            ("a good signature", { _ = key.publicKey.verify(signature: signature, message: message) }),
            ("a wrong message", { _ = key.publicKey.verify(signature: signature, message: []) }),
            (
                "a signature of zeros",
                { _ = key.publicKey.verify(signature: [UInt8](repeating: 0, count: 256), message: []) }
            ),
            ("a signature above the modulus", { _ = key.publicKey.verify(signature: modulus, message: message) }),
            ("a short signature", { _ = key.publicKey.verify(signature: [1], message: message) }),
            ("a short key", { _ = try? RSAPublicKey(modulus: modulus.prefix(128), exponent: [1, 0, 1]) }),
            ("an even exponent", { _ = try? RSAPublicKey(modulus: modulus, exponent: [2]) }),
            ("a small exponent", { _ = try? RSAPublicKey(modulus: modulus, exponent: [3]) }),
            (
                "a large exponent",
                { _ = try? RSAPublicKey(modulus: modulus, exponent: [UInt8](repeating: 0xFF, count: 8)) }
            ),
            ("a large key", { _ = try? RSAPublicKey(modulus: [UInt8](repeating: 0xFF, count: 1024), exponent: [3]) }),
            ("no PEM", { _ = try? RSAPrivateKey(pem: []) }),
            ("a public PEM", { _ = try? RSAPrivateKey(pem: PublicForms.of(key)[4]) }),
            ("a broken PEM", { _ = try? RSAPrivateKey(pem: Array(key.pem().dropFirst(200))) }),
            ("a good PEM", { _ = try? RSAPrivateKey(pem: key.pem()) }),
            ("a new key", { _ = try? RSAPrivateKey.generate() }),
            ("a signature", { _ = try? key.sign(message) }),
            ("a MAC", { _ = HMACSHA256(key: message).authenticate(message) }),
            ("a digest", { _ = SHA256.hash(message) }),
        ]
        for (name, call) in calls {
            ERR_clear_error()
            call()
            #expect(ERR_peek_error() == 0, "\(name)")
        }
    }
}
