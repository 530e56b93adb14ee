import COpenSSL

/// The OpenSSL algorithms in use, fetched once for the process. A fetch takes locks and costs about as much as
/// hashing a short text.
///
/// An OpenSSL that lacks one cannot sign, verify or record anything, so the process ends.
enum FetchedAlgorithm {
    /// SHA-256, never freed.
    // Safe to share: an EVP_MD does not change once fetched.
    nonisolated(unsafe) static let sha256: OpaquePointer = {
        guard let digest = EVP_MD_fetch(nil, "SHA2-256", nil) else { fatalError("OpenSSL offers no SHA-256") }
        return digest
    }()

    /// HMAC, never freed.
    // Safe to share: an EVP_MAC does not change once fetched.
    nonisolated(unsafe) static let hmac: OpaquePointer = {
        guard let mac = EVP_MAC_fetch(nil, "HMAC", nil) else { fatalError("OpenSSL offers no HMAC") }
        return mac
    }()
}
