import COpenSSL

/// An RSA key that signs RS256, for development tokens. Safe to use from any thread.
package final class RSAPrivateKey: Sendable {
    /// The public half.
    package let publicKey: RSAPublicKey

    private let handle: RSAKeyHandle

    /// Takes ownership of `raw`.
    ///
    /// - Throws: ``RSAKeyError`` when the key is not RSA, or ``RSAPublicKey`` rejects its size or exponent.
    private init(owning raw: OpaquePointer) throws(RSAKeyError) {
        handle = RSAKeyHandle(owning: raw)
        guard EVP_PKEY_is_a(raw, "RSA") == 1,
            let modulus = handle.bigEndianBytes(of: OSSL_PKEY_PARAM_RSA_N),
            let exponent = handle.bigEndianBytes(of: OSSL_PKEY_PARAM_RSA_E)
        else {
            ERR_clear_error()
            throw .notAPrivateKey
        }
        publicKey = try RSAPublicKey(modulus: modulus, exponent: exponent)
    }

    /// Makes a new key with e = 65537. Takes about 100 ms for 2048 bits.
    ///
    /// - Parameter bits: The length of the modulus, 2048…8192.
    package static func generate(bits: Int = 2048) throws(RSAKeyError) -> RSAPrivateKey {
        guard bits >= 2048 else { throw .modulusTooShort }
        guard bits <= 8192 else { throw .modulusTooLong }
        let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(clamping: bits)) == 1,
            EVP_PKEY_generate(context, &key) == 1,
            let key
        else {
            ERR_clear_error()
            throw .refusedByOpenSSL
        }
        return try RSAPrivateKey(owning: key)
    }

    /// Reads an unencrypted key in PEM: PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`).
    ///
    /// - Throws: ``RSAKeyError/notAPrivateKey``, or the error of ``RSAPublicKey`` for its numbers.
    package convenience init(pem: [UInt8]) throws(RSAKeyError) {
        let raw = pem.withUnsafeBytes { pem in
            let input = BIO_new_mem_buf(pem.baseAddress, Int32(clamping: pem.count))
            defer { BIO_free(input) }
            // Without a callback, OpenSSL would prompt on the terminal for the password of an encrypted key.
            return PEM_read_bio_PrivateKey(input, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let raw else {
            ERR_clear_error()
            throw .notAPrivateKey
        }
        try self.init(owning: raw)
    }

    /// The key in PEM, PKCS#8, unencrypted. The caller must keep it secret.
    package func pem() throws(RSAKeyError) -> [UInt8] {
        let output = BIO_new(BIO_s_mem())
        defer { BIO_free(output) }
        guard PEM_write_bio_PKCS8PrivateKey(output, handle.raw, nil, nil, 0, nil, nil) == 1 else {
            ERR_clear_error()
            throw .refusedByOpenSSL
        }
        return [UInt8](unsafeUninitializedCapacity: BIO_ctrl_pending(output)) { text, count in
            count = max(0, Int(BIO_read(output, text.baseAddress, Int32(clamping: text.count))))
        }
    }

    /// The RS256 signature of `message`, as long as the modulus.
    ///
    /// - Throws: ``RSAKeyError/refusedByOpenSSL`` when OpenSSL cannot sign, which happens only with a damaged key.
    package func sign(_ message: [UInt8]) throws(RSAKeyError) -> [UInt8] {
        let digest = SHA256.hash(message)
        let context = handle.makeContext { EVP_PKEY_sign_init($0) }
        defer { EVP_PKEY_CTX_free(context) }
        var isSigned = false
        let signature = [UInt8](unsafeUninitializedCapacity: publicKey.modulus.count) { signature, count in
            var length = signature.count
            isSigned = EVP_PKEY_sign(context, signature.baseAddress, &length, digest, digest.count) == 1
            count = isSigned ? length : 0
        }
        guard isSigned else {
            ERR_clear_error()
            throw .refusedByOpenSSL
        }
        return signature
    }
}
