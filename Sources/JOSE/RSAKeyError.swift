/// Why an RSA key is rejected. The raw value is a stable slug for logs.
package enum RSAKeyError: String, Error, Sendable, CaseIterable, CustomStringConvertible {
    /// The modulus has fewer than 2048 bits (RFC 7518 §3.3).
    case modulusTooShort = "modulus_too_short"
    /// The modulus has more than 8192 bits, and verifying would take too long.
    case modulusTooLong = "modulus_too_long"
    /// The modulus is even, so it is not a product of two odd primes.
    case modulusEven = "modulus_even"
    /// The exponent is even, below 3, or longer than 64 bits.
    case badExponent = "bad_exponent"
    /// The text is not an unencrypted RSA private key in PEM.
    case notAPrivateKey = "not_a_private_key"
    /// OpenSSL rejected the key.
    case refusedByOpenSSL = "refused_by_openssl"

    package var description: String {
        switch self {
        case .modulusTooShort: "the RSA modulus is shorter than 2048 bits"
        case .modulusTooLong: "the RSA modulus is longer than 8192 bits"
        case .modulusEven: "the RSA modulus is even"
        case .badExponent: "the RSA exponent is even, below 3 or longer than 64 bits"
        case .notAPrivateKey: "not an unencrypted RSA private key in PEM"
        case .refusedByOpenSSL: "OpenSSL refused the RSA key"
        }
    }
}
