internal import Domain
internal import JOSE
internal import NIOCore
internal import NIOSSL
internal import Text

/// A certificate that was checked, its key, and what is needed to present it to clients.
struct ServerCertificate: Sendable {
    let contents: CertificateFiles.Contents
    /// What handshakes are made with. Sessions that are resumed are of this context, too.
    let context: NIOSSLContext
    /// From when on the certificate of the server is valid.
    let start: Timestamp
    /// When the first certificate of the chain ends.
    let end: Timestamp
    /// The SHA-256 of the certificate, in hexadecimal: what `openssl x509 -fingerprint -sha256` prints, without colons.
    let fingerprint: String

    /// How long before the end of a certificate it is worth a warning.
    static let warningPeriod: Duration = .days(14)

    /// Checks that both files are complete and fit together. Dates are not looked at.
    ///
    /// - Throws: What is wrong with the file of a setting.
    init(_ contents: CertificateFiles.Contents, of files: CertificateFiles) throws(ConfigurationFailure) {
        func failure(_ setting: Setting, _ problem: String) -> ConfigurationFailure {
            ConfigurationFailure([files.problem(setting, problem)])
        }
        let chain = try? NIOSSLCertificate.fromPEMBytes(contents.certificates)
        guard let chain, let first = chain.first else {
            throw failure(files.certificateSetting, "holds no certificate, or one that is damaged")
        }
        let blocks = Self.count("-----BEGIN ", in: contents.certificates)
        guard blocks == Self.count("-----END ", in: contents.certificates) else {
            throw failure(files.certificateSetting, "is not complete")
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: contents.key, format: .pem)
        } catch {
            let isEncrypted = Self.count("ENCRYPTED", in: contents.key) > 0
            throw failure(files.keySetting, isEncrypted ? "is protected by a password" : "holds no private key")
        }
        do {
            context = try NIOSSLContext(configuration: Self.configuration(chain, key))
        } catch NIOSSLError.failedToLoadPrivateKey {
            throw failure(
                files.keySetting,
                "does not fit the first certificate of \(files.certificatePath)"
            )
        } catch {
            throw failure(files.certificateSetting, "cannot be used (\(error))")
        }
        self.contents = contents
        start = Timestamp(secondsSinceEpoch: Int64(first.notValidBefore))
        end = Timestamp(secondsSinceEpoch: chain.map { Int64($0.notValidAfter) }.min() ?? 0)
        fingerprint = Hexadecimal.encode(SHA256.hash((try? first.toDERBytes()) ?? []))
    }

    /// TLS 1.2 and 1.3 (RFC 9325, section 3.1). Suites of TLS 1.2 are those with forward secrecy and authenticated
    /// encryption (section 4.2); those of TLS 1.3 are BoringSSL's. A client that offers ALPN without `http/1.1` gets no
    /// protocol, and HTTP/1.1 is spoken: RFC 7301, section 3.2, wants an alert, for which NIOSSL has no way.
    private static func configuration(_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        configuration.maximumTLSVersion = .tlsv13
        configuration.cipherSuiteValues = [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]
        configuration.applicationProtocols = ["http/1.1"]
        configuration.renegotiationSupport = .none
        // A connection that is closed sends its close_notify and waits for none. What a client still has to read is
        // waited for before, by `ConnectionLimits.linger`.
        configuration.shutdownTimeout = .zero
        return configuration
    }

    private static func count(_ text: String, in bytes: [UInt8]) -> Int {
        String(decoding: bytes, as: UTF8.self).ranges(of: text).count
    }

    /// What is wrong with the dates; nil when the certificate is valid now.
    func dateFault(at now: Timestamp) -> String? {
        if now >= end { return "ended at \(end.rfc3339)" }
        if now < start { return "is valid only from \(start.rfc3339) on" }
        return nil
    }

    /// What an operator should do something about. Clients decide whether they accept the certificate.
    func warnings(at now: Timestamp) -> [String] {
        var warnings: [String] = []
        if let fault = dateFault(at: now) {
            warnings.append("the certificate \(fault)")
        } else if end - Self.warningPeriod < now {
            warnings.append("the certificate ends at \(end.rfc3339)")
        }
        if contents.keyIsExposed { warnings.append("every user may read the file of the key") }
        return warnings
    }
}
