import Foundation
import JOSE
import NIOCore
import NIOSSL
import TestSupport
import Testing

@testable import connvo_server

/// Which responses over HTTPS are accepted and which are rejected, with a real client and a real server.
@Suite struct KeySetDownloadTests {
    /// The default time limit suits servers that respond. Tests of servers that do not respond pass a short one.
    private static func read(
        _ server: TLSServer,
        trusting certificate: TestCertificate?,
        timeLimit: TimeAmount = .seconds(20)
    ) async throws -> Result<[UInt8], KeySetFailure> {
        var roots = NIOSSLTrustRoots.default
        if let certificate { roots = .certificates(try NIOSSLCertificate.fromPEMFile(certificate.path)) }
        do {
            return .success(
                try await KeySetDownload(url: server.url, trustRoots: roots, timeLimit: timeLimit).read()
            )
        } catch {
            return .failure(error)
        }
    }

    private static func answer(
        to reply: TLSServer.Reply,
        timeLimit: TimeAmount = .seconds(20)
    ) async throws -> Result<[UInt8], KeySetFailure> {
        let certificate = try await TestCertificate()
        let server = try await TLSServer.start(certificate, reply: reply)
        return try await read(server, trusting: certificate, timeLimit: timeLimit)
    }

    @Test(arguments: ["application/json", "application/jwk-set+json", "text/plain"])
    func `the body is returned unchanged`(contentType: String) async throws {
        let set = try RefreshedKeySet.set()
        let answer = try await Self.answer(to: .answer("200 OK", ["Content-Type: \(contentType)"], body: set))
        #expect(answer == .success(set))
    }

    @Test func `a body of exactly 64 KiB is accepted, chunked or not`() async throws {
        let set = try RefreshedKeySet.set()
        let padded = set + Array(repeating: UInt8(ascii: " "), count: 64 * 1024 - set.count)
        #expect(try await Self.answer(to: .answer(body: padded)) == .success(padded))
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n10000\r\n"
        let chunked = Array(head.utf8) + padded + Array("\r\n0\r\n\r\n".utf8)
        #expect(try await Self.answer(to: .bytes(chunked)) == .success(padded))
    }

    @Test(arguments: [
        "500 Internal Server Error", "404 Not Found", "204 No Content", "206 Partial Content", "304 Not Modified",
    ])
    func `only status 200 is accepted`(status: String) async throws {
        let answer = try await Self.answer(to: .answer(status, body: RefreshedKeySet.set()))
        #expect(answer == .failure(.status(try #require(UInt(status.prefix(3))))))
    }

    @Test(arguments: ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"])
    func `a redirect is not followed`(status: String) async throws {
        let certificate = try await TestCertificate()
        let target = try await TLSServer.start(certificate, reply: .answer(body: RefreshedKeySet.set()))
        let server = try await TLSServer.start(
            certificate,
            reply: .answer(status, ["Location: \(target.url)"], body: RefreshedKeySet.set())
        )
        let answer = try await Self.read(server, trusting: certificate)
        #expect(answer == .failure(.status(try #require(UInt(status.prefix(3))))))
        #expect(target.requestCount == 0)
    }

    // MARK: Size

    @Test func `a body with too large a Content-Length is refused before it is read`() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n"
        #expect(try await Self.answer(to: .trickle(head: head)) == .failure(.refused(.tooLong)))
    }

    @Test func `a chunked body of ten megabytes is refused while it is read`() async throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(try await Self.answer(to: .flood(head: head)) == .failure(.refused(.tooLong)))
    }

    @Test func `a body without a length is refused while it is read`() async throws {
        let bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + String(repeating: " ", count: 64 * 1024 + 1)
        #expect(try await Self.answer(to: .bytes(Array(bytes.utf8))) == .failure(.refused(.tooLong)))
    }

    /// Ten megabytes of blanks, compressed to about ten kilobytes.
    private static func bomb() async throws -> [UInt8] {
        try await onOwnThread {
            let folder = try Folder()
            try folder.write(Array(repeating: UInt8(ascii: " "), count: 10 * 1024 * 1024), to: "blanks")
            let process = try ChildProcess("/usr/bin/gzip", [folder.file("blanks")])
            try #require(process.exitStatus(within: .seconds(60)) == 0)
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder.file("blanks.gz"))))
        }
    }

    @Test(arguments: ["gzip", "deflate", "br", "identity, gzip"])
    func `a compressed body is refused and not decompressed`(encoding: String) async throws {
        let bomb = try await Self.bomb()
        try #require((1000..<64 * 1024).contains(bomb.count))
        let answer = try await Self.answer(to: .answer("200 OK", ["Content-Encoding: \(encoding)"], body: bomb))
        #expect(answer == .failure(.encoded))
        // Without Content-Encoding, the compressed bytes are an ordinary body: short enough to accept, but not JSON.
        #expect(try await Self.answer(to: .answer(body: bomb)) == .success(bomb))
    }

    // MARK: Time

    @Test func `a server that sends nothing times out`() async throws {
        #expect(try await Self.answer(to: .silence, timeLimit: .milliseconds(500)) == .failure(.timedOut))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX-Endless: ",
    ])
    func `a response that never ends times out`(head: String) async throws {
        #expect(try await Self.answer(to: .trickle(head: head), timeLimit: .milliseconds(1500)) == .failure(.timedOut))
    }

    // MARK: Certificates

    @Test func `a certificate from an untrusted issuer is refused`() async throws {
        let certificate = try await TestCertificate()
        let server = try await TLSServer.start(certificate, reply: .answer(body: RefreshedKeySet.set()))
        let other = try await TestCertificate()
        for trusted in [nil, other] {
            let answer = try await Self.read(server, trusting: trusted)
            guard case .failure(.tls) = answer else {
                Issue.record("\(answer)")
                continue
            }
        }
        #expect(server.requestCount == 0)
    }

    @Test func `a certificate for another name is refused`() async throws {
        let certificate = try await TestCertificate(for: "DNS:api.workos.com,IP:127.0.0.2")
        let server = try await TLSServer.start(certificate, reply: .answer(body: RefreshedKeySet.set()))
        let answer = try await Self.read(server, trusting: certificate)
        guard case .failure(.tls) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(server.requestCount == 0)
    }

    @Test func `a server that has stopped is a connection failure`() async throws {
        let certificate = try await TestCertificate()
        let server = try await TLSServer.start(certificate, reply: .silence)
        try await server.stop()
        let answer = try await Self.read(server, trusting: certificate)
        guard case .failure(.connection) = answer else {
            Issue.record("\(answer)")
            return
        }
    }

    @Test func `a failed read is not repeated by the client`() async throws {
        let certificate = try await TestCertificate()
        let server = try await TLSServer.start(certificate, reply: .answer("500 Oops", body: []))
        #expect(try await Self.read(server, trusting: certificate) == .failure(.status(500)))
        server.say(.bytes([]))
        guard case .failure(.connection) = try await Self.read(server, trusting: certificate) else {
            Issue.record("a connection that ends without a response was not an error")
            return
        }
        #expect(server.requestCount == 2)
    }
}
