import COpenSSL

/// HMAC-SHA256 (RFC 2104) with one key. Safe to use from any thread.
package final class HMACSHA256: Sendable {
    /// The number of bytes in a code.
    package static let byteCount = 32

    private let keyed: Context
    private let pool: ContextPool<Context>

    /// Keeps the key inside OpenSSL contexts; the array itself is not kept.
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

    /// Whether `code` is the code of `message`, compared in a time that does not depend on where they differ.
    package func isValid(_ code: [UInt8], for message: ArraySlice<UInt8>) -> Bool {
        let expected = authenticate(message)
        return code.count == expected.count && CRYPTO_memcmp(code, expected, expected.count) == 0
    }

    /// Owns an `EVP_MAC_CTX` that holds the key.
    // Unchecked, because a context is used by whoever took it from the pool, and nobody else; `keyed` is only
    // ever read, to copy it.
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

        /// Starts over with the key it has (EVP_MAC_init(3): a null key reuses the previous one).
        func authenticate(_ message: UnsafeRawBufferPointer) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: HMACSHA256.byteCount) { code, count in
                // Nothing here depends on the message; the only way to fail is to be out of memory.
                guard EVP_MAC_init(raw, nil, 0, nil) == 1,
                    EVP_MAC_update(raw, message.baseAddress?.assumingMemoryBound(to: UInt8.self), message.count) == 1,
                    EVP_MAC_final(raw, code.baseAddress, &count, HMACSHA256.byteCount) == 1
                else { fatalError("HMAC-SHA256 failed") }
            }
        }
    }
}
