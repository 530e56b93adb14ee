internal import Text

/// Verifies tokens that were signed with one Stream API secret. It cannot sign: a secret that was replaced has only this.
/// Safe to use from any thread.
///
/// ```swift
/// let token = try StreamToken.verify(bytes, with: StreamTokenVerifier(secret: Array(formerSecret.utf8)))
/// ```
package struct StreamTokenVerifier: Sendable {
    /// Identifies the secret without revealing it: the first 16 hex digits of HMAC-SHA256(secret, "connvo key id").
    package let keyID: String

    let mac: HMACSHA256

    /// - Parameter secret: The UTF-8 bytes of the Stream API secret.
    /// - Throws: ``StreamTokenError/secretTooShort`` when it has fewer than 32 bytes.
    package init(secret: [UInt8]) throws(StreamTokenError) {
        guard secret.count >= 32 else { throw .secretTooShort }
        mac = HMACSHA256(key: secret)
        keyID = Hexadecimal.encode(mac.authenticate(Array("connvo key id".utf8)).prefix(8))
    }

    /// Whether `code` is the HMAC of `signingInput` with this secret, compared in constant time.
    func isValid(_ code: [UInt8], for signingInput: ArraySlice<UInt8>) -> Bool {
        mac.isValid(code, for: signingInput)
    }
}
