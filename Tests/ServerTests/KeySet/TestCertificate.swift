import TestSupport

/// A self-signed certificate for tests.
final class TestCertificate: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let folder: Folder

    /// The path of the certificate, in PEM.
    var path: String { folder.file("certificate.pem") }
    var keyPath: String { folder.file("key.pem") }

    /// - Parameters:
    ///   - names: The subject alternative names, in OpenSSL's syntax.
    ///   - days: How long it is valid from now on.
    init(for names: String = "IP:127.0.0.1,DNS:localhost", days: Int = 2) async throws {
        let folder = try Folder()
        self.folder = folder
        try await onOwnThread {
            let process = try ChildProcess(
                "/usr/bin/openssl",
                [
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", folder.file("key.pem"), "-out", folder.file("certificate.pem"), "-days", "\(days)",
                    "-subj", "/CN=Tests of connvo-server", "-addext", "subjectAltName=\(names)",
                ]
            )
            let status = process.exitStatus(within: .seconds(60))
            guard status == 0 else {
                throw Failure(description: "openssl \(status.map { "ended with \($0)" } ?? "did not end")")
            }
        }
    }
}
