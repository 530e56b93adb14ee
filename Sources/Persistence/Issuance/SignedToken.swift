/// What the signer of tokens gives back.
package struct SignedToken: Sendable {
    package let bytes: [UInt8]
    /// SHA-256 of `bytes`, 32 bytes: what the record keeps instead of the token.
    package let sha256: [UInt8]

    package init(bytes: [UInt8], sha256: [UInt8]) {
        self.bytes = bytes
        self.sha256 = sha256
    }
}
