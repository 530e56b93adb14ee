import COpenSSL

/// An RSA key that verifies RS256 signatures (RFC 7518 §3.3). Safe to use from any thread.
package final class RSAPublicKey: Sendable {
    /// The modulus n, big-endian, without leading zeros.
    package let modulus: [UInt8]

    /// The public exponent e, big-endian, without leading zeros.
    package let exponent: [UInt8]

    private let handle: RSAKeyHandle
    private let pool: ContextPool<VerifyingContext>

    /// Checks the numbers and makes an OpenSSL key of them.
    ///
    /// - Parameters:
    ///   - modulus: n, big-endian; leading zeros are ignored. 2048…8192 bits, odd.
    ///   - exponent: e, big-endian; leading zeros are ignored. Odd, at least 3, at most 64 bits.
    /// - Throws: ``RSAKeyError`` naming the first check that failed.
    package init(modulus: some Sequence<UInt8>, exponent: some Sequence<UInt8>) throws(RSAKeyError) {
        let modulus = Array(modulus.drop { $0 == 0 })
        let exponent = Array(exponent.drop { $0 == 0 })
        let bits = modulus.count * 8 - (modulus.first?.leadingZeroBitCount ?? 0)
        guard bits >= 2048 else { throw .modulusTooShort }
        guard bits <= 8192 else { throw .modulusTooLong }
        guard modulus.last.map({ $0 & 1 == 1 }) == true else { throw .modulusEven }
        guard exponent.count <= 8, exponent.last.map({ $0 & 1 == 1 }) == true, exponent != [1] else {
            throw .badExponent
        }
        guard let raw = Self.makeKey(modulus, exponent) else {
            ERR_clear_error()
            throw .refusedByOpenSSL
        }
        let handle = RSAKeyHandle(owning: raw)
        guard let context = VerifyingContext(handle) else {
            ERR_clear_error()
            throw .refusedByOpenSSL
        }
        self.modulus = modulus
        self.exponent = exponent
        self.handle = handle
        pool = ContextPool(context)
    }

    /// Whether `signature` is this key's RS256 signature of `message`.
    ///
    /// The signature must be as long as the modulus (RFC 8017 §8.2.2 step 1). An error in OpenSSL gives `false` too.
    package func verify(signature: [UInt8], message: ArraySlice<UInt8>) -> Bool {
        guard signature.count == modulus.count else { return false }
        guard let context = pool.borrow() ?? VerifyingContext(handle) else {
            ERR_clear_error()
            return false
        }
        defer { pool.return(context) }
        return context.verify(signature, message)
    }

    /// Verifies over a whole array; see ``verify(signature:message:)-([UInt8],ArraySlice<UInt8>)``.
    package func verify(signature: [UInt8], message: [UInt8]) -> Bool {
        verify(signature: signature, message: message[...])
    }

    private static func makeKey(_ modulus: [UInt8], _ exponent: [UInt8]) -> OpaquePointer? {
        let n = BN_bin2bn(modulus, Int32(clamping: modulus.count), nil)
        defer { BN_free(n) }
        let e = BN_bin2bn(exponent, Int32(clamping: exponent.count), nil)
        defer { BN_free(e) }
        let builder = OSSL_PARAM_BLD_new()
        defer { OSSL_PARAM_BLD_free(builder) }
        guard let n, let e, let builder,
            OSSL_PARAM_BLD_push_BN(builder, copenssl_param_rsa_n(), n) == 1,
            OSSL_PARAM_BLD_push_BN(builder, copenssl_param_rsa_e(), e) == 1,
            let parameters = OSSL_PARAM_BLD_to_param(builder)
        else { return nil }
        defer { OSSL_PARAM_free(parameters) }
        let context = EVP_PKEY_CTX_new_from_name(nil, "RSA", nil)
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_fromdata_init(context) == 1,
            EVP_PKEY_fromdata(context, &key, copenssl_pkey_public_key(), parameters) == 1
        else { return nil }
        return key
    }

    /// Owns an `EVP_PKEY_CTX` that is prepared for verifying, and retains its key.
    // Unchecked, because only the caller that borrowed a context from the pool uses it.
    private final class VerifyingContext: @unchecked Sendable {
        private let raw: OpaquePointer
        private let key: RSAKeyHandle

        init?(_ key: RSAKeyHandle) {
            guard let raw = key.makeContext({ EVP_PKEY_verify_init($0) }) else { return nil }
            self.raw = raw
            self.key = key
        }

        deinit {
            EVP_PKEY_CTX_free(raw)
        }

        func verify(_ signature: [UInt8], _ message: ArraySlice<UInt8>) -> Bool {
            let digest = SHA256.hash(message)
            let outcome = EVP_PKEY_verify(raw, signature, signature.count, digest, digest.count)
            if outcome != 1 { ERR_clear_error() }
            return outcome == 1
        }
    }
}

extension RSAPublicKey: Equatable {
    /// Keys are equal when their modulus and exponent are equal.
    package static func == (one: RSAPublicKey, other: RSAPublicKey) -> Bool {
        one.modulus == other.modulus && one.exponent == other.exponent
    }
}
