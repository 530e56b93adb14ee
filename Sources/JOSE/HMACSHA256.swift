import COpenSSL

/// HMAC-SHA256 (RFC 2104) with one key. Safe to use from any thread.
///
/// ```swift
/// let mac = HMACSHA256(key: secret)
/// let code = mac.authenticate(message)
/// ```
package final class HMACSHA256: Sendable {
    /// The number of bytes in a code.
    package static let byteCount = 32

    private let key: [UInt8]
    private let pool: ContextPool<Context>

    /// - Parameter key: Of any length. It stays in memory as long as this object does.
    package init(key: [UInt8]) {
        self.key = key
        pool = ContextPool(Context())
    }

    /// The code of `message`, 32 bytes.
    package func authenticate(_ message: [UInt8]) -> [UInt8] {
        message.withUnsafeBytes { authenticate($0) }
    }

    /// The code of a slice, 32 bytes.
    package func authenticate(_ message: ArraySlice<UInt8>) -> [UInt8] {
        message.withUnsafeBytes { authenticate($0) }
    }

    /// The code of borrowed bytes, 32 bytes.
    package func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
        let context = pool.borrow() ?? Context()
        defer { pool.return(context) }
        return context.authenticate(message, key: key)
    }

    /// Whether `code` is the code of `message`, compared in constant time.
    package func isValid(_ code: [UInt8], for message: ArraySlice<UInt8>) -> Bool {
        let expected = authenticate(message)
        return code.count == expected.count && CRYPTO_memcmp(code, expected, expected.count) == 0
    }

    /// Owns an `EVP_MAC_CTX` for HMAC with SHA-256.
    // Unchecked, because a context is used by the one caller that has borrowed it from the pool.
    private final class Context: @unchecked Sendable {
        private let raw: OpaquePointer

        init() {
            // Both fail only when memory is exhausted, and Swift stops the process then as well.
            guard let raw = EVP_MAC_CTX_new(FetchedAlgorithm.hmac) else { fatalError("EVP_MAC_CTX_new failed") }
            self.raw = raw
            // OSSL_PARAM takes a mutable pointer, but OpenSSL only reads the name.
            var digestName = Array("SHA2-256\0".utf8)
            let isReady = digestName.withUnsafeMutableBufferPointer { name in
                name.withMemoryRebound(to: CChar.self) { name in
                    let parameters = [
                        OSSL_PARAM_construct_utf8_string(copenssl_param_mac_digest(), name.baseAddress, 0),
                        OSSL_PARAM_construct_end(),
                    ]
                    return EVP_MAC_CTX_set_params(raw, parameters) == 1
                }
            }
            guard isReady else { fatalError("EVP_MAC_CTX_set_params failed") }
        }

        deinit {
            EVP_MAC_CTX_free(raw)
        }

        /// The code of `message` under `key`.
        ///
        /// The key is set anew for each message: in OpenSSL 3.0.0 to 3.0.2, `EVP_MAC_init` with a null key leaves the
        /// state of the last message in the context, and the next code is wrong (openssl/openssl, issue 17811).
        func authenticate(_ message: UnsafeRawBufferPointer, key: [UInt8]) -> [UInt8] {
            var code = [UInt8](repeating: 0, count: HMACSHA256.byteCount)
            var count = 0
            // Nothing here depends on the message; the only way to fail is to be out of memory.
            guard EVP_MAC_init(raw, key, key.count, nil) == 1,
                EVP_MAC_update(raw, message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1,
                EVP_MAC_final(raw, &code, &count, code.count) == 1, count == code.count
            else { fatalError("HMAC-SHA256 failed") }
            return code
        }
    }
}
