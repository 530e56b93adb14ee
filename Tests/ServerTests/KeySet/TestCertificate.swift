import Foundation
import TestSupport

/// A certificate of the tests' own, which vouches for itself.
final class TestCertificate: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let folder: Folder

    /// The certificate, in PEM.
    var path: String { folder.file("certificate.pem") }
    var keyPath: String { folder.file("key.pem") }

    /// - Parameter names: Whose certificate it is, as OpenSSL writes alternative names.
    init(for names: String = "IP:127.0.0.1,DNS:localhost") async throws {
        let folder = try Folder()
        self.folder = folder
        try await onOwnThread {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", folder.file("key.pem"), "-out", folder.file("certificate.pem"), "-days", "2",
                "-subj", "/CN=Tests of connvo-server", "-addext", "subjectAltName=\(names)",
            ]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            while process.isRunning { usleep(2000) }
            guard process.terminationStatus == 0 else {
                throw Failure(description: "openssl ended with \(process.terminationStatus)")
            }
        }
    }
}
