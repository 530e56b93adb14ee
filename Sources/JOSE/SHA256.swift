import COpenSSL

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    /// The number of bytes in a digest.
    package static let byteCount = 32

    /// The digest of `bytes`, 32 bytes.
    package static func hash(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The digest of a slice, 32 bytes.
    package static func hash(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        bytes.withUnsafeBytes { hash($0) }
    }

    /// The digest of borrowed bytes, 32 bytes.
    package static func hash(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { digest, count in
            hash(bytes, into: UnsafeMutableRawBufferPointer(digest))
            count = byteCount
        }
    }

    /// Writes the digest of `bytes` to `digest`, which has 32 bytes.
    package static func hash(_ bytes: [UInt8], into digest: UnsafeMutableRawBufferPointer) {
        bytes.withUnsafeBytes { hash($0, into: digest) }
    }

    private static func hash(_ bytes: UnsafeRawBufferPointer, into digest: UnsafeMutableRawBufferPointer) {
        precondition(digest.count == byteCount)
        // EVP_Digest fails only when memory is exhausted, and Swift stops the process then as well.
        guard let start = digest.baseAddress?.assumingMemoryBound(to: UInt8.self),
            EVP_Digest(bytes.baseAddress, bytes.count, start, nil, FetchedAlgorithm.sha256, nil) == 1
        else { fatalError("SHA-256 failed") }
    }
}
