import JOSE

/// Keys that are made once per run, because making one takes a tenth of a second.
enum Keys {
    static let main = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate(bits: 2048) }
    static let other = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate(bits: 2048) }
    static let odd = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate(bits: 2056) }
    static let large = Result { () throws(RSAKeyError) in try RSAPrivateKey.generate(bits: 3072) }
}

/// One segment of a token.
func segment(_ text: String) -> String {
    String(decoding: Base64URL.encode(Array(text.utf8)), as: UTF8.self)
}

/// A token with any header and payload, signed RS256 even if the header has another `alg`.
func token(header: String, payload: String, key: RSAPrivateKey) throws -> [UInt8] {
    let input = Array("\(segment(header)).\(segment(payload))".utf8)
    return input + [UInt8(ascii: ".")] + Base64URL.encode(try key.sign(input))
}
