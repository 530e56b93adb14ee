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

    private let keyed: Context
    private let pool: ContextPool<Context>

    /// Copies the key into an OpenSSL context; the array is not kept.
    package init(key: [UInt8]) {
        keyed = Context(key: key)
        pool = ContextPool(keyed.copy())
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
        let context = pool.borrow() ?? keyed.copy()
        defer { pool.return(context) }
        return context.authenticate(message)
    }

    /// Whether `code` is the code of `message`, compared in constant time.
    package func isValid(_ code: [UInt8], for message: ArraySlice<UInt8>) -> Bool {
        let expected = authenticate(message)
        return code.count == expected.count && CRYPTO_memcmp(code, expected, expected.count) == 0
    }

    /// Owns an `EVP_MAC_CTX` that holds the key.
    // Unchecked, because only the caller that borrowed a context from the pool uses it; `keyed` is only read, to copy
    // it.
    private final class Context: @unchecked Sendable {
        private let raw: OpaquePointer

        init(key: [UInt8]) {
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
                    return EVP_MAC_init(raw, key, key.count, parameters) == 1
                }
            }
            guard isReady else { fatalError("EVP_MAC_init failed") }
        }

        private init(raw: OpaquePointer) {
            self.raw = raw
        }

        deinit {
            EVP_MAC_CTX_free(raw)
        }

        /// Another context with the same key.
        func copy() -> Context {
            guard let copy = EVP_MAC_CTX_dup(raw) else { fatalError("EVP_MAC_CTX_dup failed") }
            return Context(raw: copy)
        }

        /// Restarts with the same key (EVP_MAC_init(3): a null key reuses the previous one).
        func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: HMACSHA256.byteCount) { code, count in
                // Failure does not depend on the message: it can only mean that memory is exhausted.
                guard EVP_MAC_init(raw, nil, 0, nil) == 1,
                    EVP_MAC_update(raw, message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1,
                    EVP_MAC_final(raw, code.baseAddress, &count, HMACSHA256.byteCount) == 1
                else { fatalError("HMAC-SHA256 failed") }
            }
        }
    }
}
