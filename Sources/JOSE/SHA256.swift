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
            // EVP_Digest fails only when memory is exhausted, and Swift stops the process then as well.
            guard let start = digest.baseAddress,
                EVP_Digest(bytes.baseAddress, bytes.count, start, nil, FetchedAlgorithm.sha256, nil) == 1
            else { fatalError("SHA-256 failed") }
            count = byteCount
        }
    }
}
