import COpenSSL

/// Owns one `EVP_PKEY` of kind RSA, with the calls that public and private keys share.
// Unchecked, because OpenSSL allows threads to share an EVP_PKEY that is not modified, and this one never is.
final class RSAKeyHandle: @unchecked Sendable {
    let raw: OpaquePointer

    /// Takes ownership of `raw`.
    init(owning raw: OpaquePointer) {
        self.raw = raw
    }

    deinit {
        EVP_PKEY_free(raw)
    }

    /// Makes a context for RS256 over a digest: PKCS#1 v1.5 padding with SHA-256 (RFC 8017 §8.2).
    ///
    /// - Parameter start: `EVP_PKEY_verify_init` or `EVP_PKEY_sign_init`.
    func makeContext(_ start: (OpaquePointer?) -> Int32) -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_pkey(nil, raw, nil) else { return nil }
        guard start(context) == 1,
            EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1,
            EVP_PKEY_CTX_set_signature_md(context, FetchedAlgorithm.sha256) == 1
        else {
            EVP_PKEY_CTX_free(context)
            return nil
        }
        return context
    }

    /// A number of the key (`n` or `e`), big-endian without leading zeros, or `nil` when the key has no such number.
    func bigEndianBytes(of name: String) -> [UInt8]? {
        var number: OpaquePointer?
        guard EVP_PKEY_get_bn_param(raw, name, &number) == 1 else { return nil }
        defer { BN_free(number) }
        return [UInt8](unsafeUninitializedCapacity: (Int(BN_num_bits(number)) + 7) / 8) { bytes, count in
            count = Int(BN_bn2bin(number, bytes.baseAddress))
        }
    }
}
