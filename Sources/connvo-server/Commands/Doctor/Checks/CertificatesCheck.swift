internal import Domain

extension DoctorCheck {
    /// Whether the certificates of listeners that speak TLS are valid, and stay so for some time. That they fit their keys
    /// is seen when the settings are read.
    static let certificates = DoctorCheck(
        "certificates",
        .network { configuration in
            let now = SystemClock.now()
            let findings = configuration.certificates.flatMap { store in
                finding(store.current, of: store.files.listener, at: now)
            }
            return findings.isEmpty ? [.ok("no listener speaks TLS itself: a proxy in front has to")] : findings
        }
    )

    static func finding(_ certificate: ServerCertificate, of listener: String, at now: Timestamp) -> [Finding] {
        if let fault = certificate.dateFault(at: now) {
            return [
                .fault("\(listener): the certificate \(fault)", remedy: "put a valid one in the place of its file")
            ]
        }
        let warnings = certificate.warnings(at: now)
        guard warnings.isEmpty else {
            return warnings.map { warning in
                .warning("\(listener): \(warning)", remedy: "renew it, and let only the user of serve read the key")
            }
        }
        return [.ok("\(listener): valid until \(certificate.end.rfc3339)")]
    }
}
