internal import Foundation
package import JOSE

/// Byte strings that a careless verifier might use as an HMAC secret: every public form of a key.
package enum PublicForms {
    package static func of(_ key: RSAPrivateKey) throws -> [[UInt8]] {
        let modulus = key.publicKey.modulus
        let pkcs1 = der(0x30, der(0x02, [0] + modulus) + der(0x02, key.publicKey.exponent))
        // SubjectPublicKeyInfo with rsaEncryption (RFC 3279 §2.3.1)
        let algorithm: [UInt8] = [
            0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00,
        ]
        let spki = der(0x30, algorithm + der(0x03, [0] + pkcs1))
        let pem = pem("PUBLIC KEY", spki)
        let jwks = try JWKSet.encode([("k1", key.publicKey)])
        return [
            modulus, Base64URL.encode(modulus), pkcs1, spki, Array(pem.utf8),
            Array(pem.trimmingCharacters(in: .newlines).utf8), Array(self.pem("RSA PUBLIC KEY", pkcs1).utf8), jwks,
        ]
    }

    private static func der(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
        let count = content.count
        let length: [UInt8] =
            count < 128
            ? [UInt8(count)]
            : count < 256
                ? [0x81, UInt8(count)]
                : [0x82, UInt8(count >> 8), UInt8(count & 0xFF)]
        return [tag] + length + content
    }

    private static func pem(_ label: String, _ der: [UInt8]) -> String {
        let lines = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN \(label)-----\n\(lines)\n-----END \(label)-----\n"
    }
}
