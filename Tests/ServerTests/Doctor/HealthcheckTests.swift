import Foundation
import TestSupport
import Testing

@testable import connvo_server

/// `healthcheck` and servers that run, hang or are not there.
@Suite struct HealthcheckTests {
    private static let secret = "k7vq2m9xw4tz8rnb3hpc6sfd5gjl1yae"

    private static func freePort() throws -> String { "\(try SilentListener(listens: false).port)" }

    /// Runs a server without a key set, so that it is alive and not ready.
    private static func withServer(
        _ settings: [String: String],
        _ body: @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            let folder = try Folder()
            let needed = [
                "DATABASE_URL": "postgresql:///\(database.name)", "STREAM_API_SECRET": secret,
                "ALLOW_DEVELOPMENT_TOKENS": "true",
            ]
            let server = try await onOwnThread {
                try RunningServer.start(needed.merging(settings) { $1 }, folder: folder)
            }
            try await body(server)
            server.terminate()
        }
    }

    @Test(arguments: ["127.0.0.1", "0.0.0.0", "*", "localhost"])
    func `it asks the admin listener where that listens`(host: String) async throws {
        let settings = ["ADMIN_HOST": host, "ADMIN_PORT": try Self.freePort()]
        // The support code waits for a listener at 127.0.0.1, so the settings of the check differ only in the host.
        try await Self.withServer(["ADMIN_PORT": settings["ADMIN_PORT"] ?? ""]) { _ in
            let live = try await Binary.run("healthcheck", "--live", settings: settings)
            #expect(live.status == 0, "\(live.errors)")
            #expect(live.output.hasPrefix("alive: http://"))
            #expect(live.output.split(separator: "\n").count == 1)
            let ready = try await Binary.run("healthcheck", settings: settings)
            #expect(ready.status == 1)
            #expect(ready.output.isEmpty)
            #expect(ready.errors.contains("/readyz?verbose answers 503: "), "\(ready.errors)")
            #expect(ready.errors.contains("no usable key to verify bearer tokens with"), "\(ready.errors)")
            #expect(ready.errors.split(separator: "\n").count == 1)
            let quiet = try await Binary.run("healthcheck", "--live", "--quiet", settings: settings)
            #expect(quiet.status == 0)
            #expect(quiet.output.isEmpty)
        }
    }

    @Test func `flags and the file .env say where it is, and other settings do not matter`() async throws {
        let port = try Self.freePort()
        try await Self.withServer(["ADMIN_PORT": port]) { _ in
            let flag = try await Binary.run("healthcheck", "--live", "--admin-port", port)
            #expect(flag.status == 0, "\(flag.errors)")
            let file = try await Binary.run("healthcheck", "--live", files: [".env": "ADMIN_PORT=\(port)\n"])
            #expect(file.status == 0, "\(file.errors)")
            let others = ["ADMIN_PORT": port, "HTTP_PORT": "x", "STREAM_API_SECRETT": "x", "LOG_LEVEL": "loud"]
            let wrong = try await Binary.run("healthcheck", "--live", settings: others)
            #expect(wrong.status == 0, "\(wrong.errors)")
        }
    }

    @Test func `without an admin listener it asks the public one`() async throws {
        try await Self.withServer([:]) { server in
            let settings = ["ADMIN_PORT": "0", "HTTP_PORT": "\(server.port)"]
            let live = try await Binary.run("healthcheck", "--live", settings: settings)
            #expect(live.status == 0, "\(live.errors)")
            let ready = try await Binary.run("healthcheck", settings: settings)
            #expect(ready.status == 1)
            #expect(ready.errors.contains("/readyz answers 503\n"), "\(ready.errors)")
        }
    }

    @Test func `ports that are not known, or wrong, are a matter of settings`() async throws {
        for settings in [["ADMIN_PORT": "0", "HTTP_PORT": "0"], ["ADMIN_PORT": "x"], ["ADMIN_HOST": "a b"]] {
            let result = try await Binary.run("healthcheck", settings: settings)
            #expect(result.status == 78, "\(result.errors)")
            #expect(result.errors.contains("ADMIN_"))
        }
    }

    @Test func `no server, and one that is silent, is not healthy`() async throws {
        let none = try await Binary.run("healthcheck", "--admin-port", try Self.freePort())
        #expect(none.status == 1)
        #expect(none.errors.contains("no connection: Connection refused"), "\(none.errors)")
        let silent = try SilentListener()
        for timeout in ["1ms", "300ms"] {
            let hung = try await Binary.run("healthcheck", "--timeout", timeout, "--admin-port", "\(silent.port)")
            #expect(hung.status == 1)
            #expect(hung.errors.contains("no answer in time"), "\(hung.errors)")
        }
        #expect(try await Binary.run("healthcheck", "--timeout", "soon").status == 64)
    }

    @Test func `answers that are no answers are not healthy`() async throws {
        let certificate = try await TestCertificate()
        for reply in [
            TLSServer.Reply.bytes(Array("220 smtp.example.com\r\n".utf8)), .bytes([]),
            .answer("404 Not Found", body: []), .answer("503 Service Unavailable", body: Array("<html>".utf8)),
            .trickle(head: "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"),
        ] {
            let server = try await TLSServer.start(certificate, reply: reply)
            let port = try #require(URL(string: server.url)?.port)
            let settings = [
                "ADMIN_PORT": "\(port)", "ADMIN_TLS_CERTIFICATE_FILE": certificate.path,
                "ADMIN_TLS_KEY_FILE": certificate.keyPath,
            ]
            let result = try await Binary.run("healthcheck", "--timeout", "1s", settings: settings)
            #expect(result.status == 1, "\(reply): \(result.output)")
            #expect(result.errors.hasPrefix("connvo-server: https://127.0.0.1:\(port)/"), "\(result.errors)")
        }
        let good = try await TLSServer.start(
            certificate,
            reply: .answer(body: Array(#"{"status":"ok"}"#.utf8))
        )
        let port = try #require(URL(string: good.url)?.port)
        let tls = ["ADMIN_PORT": "\(port)", "ADMIN_TLS_CERTIFICATE_FILE": certificate.path]
        let result = try await Binary.run("healthcheck", settings: tls)
        #expect(result.status == 0, "\(result.errors)")
        // A listener with TLS does not understand plain HTTP.
        #expect(try await Binary.run("healthcheck", settings: ["ADMIN_PORT": "\(port)"]).status == 1)
    }

    @Test(arguments: [
        ("127.0.0.1", "http://127.0.0.1:81/livez"), ("0.0.0.0", "http://127.0.0.1:81/livez"),
        ("*", "http://127.0.0.1:81/livez"), ("::", "http://[::1]:81/livez"), ("[::]", "http://[::1]:81/livez"),
        ("[fd00::1]", "http://[fd00::1]:81/livez"), ("admin.internal", "http://admin.internal:81/livez"),
    ])
    func `every address means the loopback address`(host: String, url: String) {
        #expect(HealthProbe(listenHost: host, port: 81, usesTLS: false).url("/livez") == url)
    }

    @Test func `doctor takes a server of ours on the port for what it is`() async throws {
        let port = try Self.freePort()
        try await Self.withServer(["ADMIN_PORT": port]) { server in
            let output = try await DoctorOutput.of(
                settings: DoctorOutput.needed.merging(["ADMIN_PORT": port, "HTTP_PORT": "\(server.port)"]) { $1 }
            )
            #expect(output["listeners"].map(\.level) == ["ok", "ok"], "\(output.whole)")
            #expect(output["listeners"].allSatisfy { $0.text.contains("a connvo-server serves there") })
        }
    }
}
