internal import NIOSSL

/// What happens to the TLS of a listener, which is "public" or "admin".
enum TLSEvent: Sendable {
    case handshake(listener: String, HandshakeOutcome)
    /// New connections get another certificate from now on.
    case certificateTaken(CertificateRenewal.Change)
    /// Files have changed and cannot be used. The certificate before stays in use.
    case certificateRefused(listener: String, SettingProblem)
    /// The certificate in use needs the attention of an operator.
    case certificateWarning(listener: String, String)
}

/// How a handshake ended. A closed list: labels of a metric are made from it.
enum HandshakeOutcome: String, CaseIterable, Sendable {
    case completed
    /// The client did not begin one: most often it speaks HTTP without TLS.
    case notTLS = "not_tls"
    /// The client knows no version, suite or group that the server has.
    case unsupported
    /// The client refused, most often because it does not trust the certificate.
    case clientAlert = "client_alert"
    /// The client went away.
    case closed
    case timedOut = "timed_out"
    /// The client broke the protocol, or the server could not go on.
    case failed

    /// The outcome that an error of NIOSSL stands for; nil when it is none of the handshake.
    init?(_ error: any Error) {
        guard case NIOSSLError.handshakeFailed(let reason) = error else { return nil }
        guard case .sslError(let stack) = reason else {
            self = .failed
            return
        }
        // NIOSSL gives the reasons of BoringSSL only as part of a text.
        let text = stack.map(\.description).joined()
        func names(_ reasons: String...) -> Bool { reasons.contains { text.contains($0) } }
        if stack == [.eofDuringHandshake] {
            self = .closed
        } else if names("HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "WRONG_VERSION_NUMBER") {
            self = .notTLS
        } else if names("UNSUPPORTED_PROTOCOL", "NO_SHARED_", "NO_COMMON_SIGNATURE_ALGORITHMS") {
            self = .unsupported
        } else if names("_ALERT_", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC") {
            // OpenSSL sends the alert of a TLS 1.3 client that does not trust the certificate without encryption.
            self = .clientAlert
        } else {
            self = .failed
        }
    }
}
