import Foundation
import TestSupport
import Testing

@testable import connvo_server

/// `HTTP_HOST`, `HTTP_PORT` and the same of the admin listener: what is accepted, and what `serve` says when it cannot
/// listen there.
@Suite struct ListenerTests {
    private static let good = [
        "DATABASE_URL": "postgresql:///nowhere?host=/nonexistent",
        "STREAM_API_SECRET": String(repeating: "s", count: 32),
        "WORKOS_JWKS_URL": "file:///nonexistent/jwks.json", "ALLOW_DEVELOPMENT_TOKENS": "true", "HTTP_PORT": "0",
        "ADMIN_PORT": "0", "LOG_LEVEL": "trace",
    ]

    @Test(
        arguments: [
            ("*", .every), ("127.0.0.1", .host("127.0.0.1")), ("0.0.0.0", .host("0.0.0.0")), ("::", .host("::")),
            ("::1", .host("::1")), ("[::1]", .host("::1")), ("[::]", .host("::")), ("localhost", .host("localhost")),
            ("a.example", .host("a.example")), ("host_1", .host("host_1")), ("fe80::1%eth0", .host("fe80::1%eth0")),
            ("[fe80::1%eth0]", .host("fe80::1%eth0")), ("::ffff:127.0.0.1", .host("::ffff:127.0.0.1")),
        ] as [(String, ListenAddress)]
    )
    func `an address, a name or a star is accepted`(text: String, address: ListenAddress) {
        #expect(ListenAddress(text) == address)
    }

    @Test(arguments: [
        "", " ", " 127.0.0.1", "127.0.0.1 ", "a b", "127.0.0.1:8080", "[::1]:8080", "[::1", "::1]", "[127.0.0.1]",
        "[a]",
        "[]", "[*]", "**", "*:8080", "http://a.example", "a/b", "a@b", "::1%", ":::", "1::2::3", "fe80::1%a b",
        "ä.example",
        "a\n", "a\u{0}", String(repeating: "a", count: 254),
    ])
    func `any other text is refused`(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    /// The one line on standard error of a `serve` that ends with 78.
    private func line(_ settings: [String: String]) async throws -> String {
        let result = try await Binary.run("serve", settings: Self.good.merging(settings) { $1 })
        #expect(result.status == 78)
        #expect(result.output.isEmpty)
        let lines = result.errors.split(separator: "\n")
        #expect(lines.count == 1, "\(result.errors)")
        return lines.first.map(String.init) ?? ""
    }

    @Test(arguments: ["HTTP", "ADMIN"]) func `a port in use is named with its address`(listener: String) async throws {
        let other = try SilentListener()
        for host in ["127.0.0.1", "0.0.0.0", "*", "localhost"] {
            let line = try await line(["\(listener)_HOST": host, "\(listener)_PORT": "\(other.port)"])
            #expect(line.hasPrefix("connvo-server: \(listener)_PORT is \(other.port), which is in use at "), "\(line)")
        }
    }

    @Test(arguments: ["HTTP", "ADMIN"]) func `an address at which no listener can be is named`(
        listener: String
    ) async throws {
        for (host, reason) in [
            ("no-such-host.invalid", "which has no address"), ("192.0.2.1", "this machine has no address 192.0.2.1"),
            ("127.0.0.1:80", "give an IP address or a name of this machine"), ("a b", "give an IP address"),
            ("http://localhost", "give an IP address"),
        ] {
            let line = try await line(["\(listener)_HOST": host, "\(listener)_PORT": "1"])
            #expect(line.hasPrefix("connvo-server: \(listener)_HOST is \"\(host)\""), "\(line)")
            #expect(line.contains(reason), "\(line)")
        }
    }

    @Test func `both listeners on one port are named before they start`() async throws {
        let free = try SilentListener(listens: false).port
        for (http, admin) in [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("127.0.0.1", "*")] {
            let line = try await line([
                "HTTP_HOST": http, "ADMIN_HOST": admin, "HTTP_PORT": "\(free)", "ADMIN_PORT": "\(free)",
            ])
            #expect(line.hasPrefix("connvo-server: ADMIN_PORT is \(free), which HTTP_PORT uses at "), "\(line)")
        }
    }

    @Test func `a port that another process takes after the check is named, too`() async throws {
        // The other process has five seconds to take it: a slow machine may need another try.
        var last: (status: Int32?, isNamed: Bool) = (nil, false)
        for _ in 0..<4 where last.status != 78 { last = try await loseThePort() }
        #expect(last.status == 78)
        #expect(last.isNamed)
    }

    private func loseThePort() async throws -> (status: Int32?, isNamed: Bool) {
        let silent = try SilentListener()
        let port = try SilentListener(listens: false).port
        let folders = [try Folder(), try Folder()]
        // The read of the key set, between the check and the start, takes its five seconds.
        let own = ["HTTP_PORT": "\(port)", "WORKOS_JWKS_URL": "https://127.0.0.1:\(silent.port)/keys"]
        let late = try LaunchedProcess(["serve"], settings: Self.good.merging(own) { $1 }, folder: folders[0])
        try await eventually { folders[0].text("errors").contains("Unless role") }
        let settings = Self.good.merging(["HTTP_PORT": "\(port)"]) { $1 }
        let first = try LaunchedProcess(["serve"], settings: settings, folder: folders[1])
        let status = try await onOwnThread { late.exitStatus(within: .seconds(15)) }
        first.kill()
        late.kill()
        return (
            status,
            folders[0].text("errors").contains("connvo-server: HTTP_PORT is \(port), which is in use at 127.0.0.1")
        )
    }

    @Test(arguments: ["[::1]", "*", "localhost", "0.0.0.0"]) func `serve listens there`(host: String) async throws {
        let folder = try Folder()
        let settings = Self.good.merging(["HTTP_HOST": host]) { $1 }
        let process = try LaunchedProcess(["serve"], settings: settings, folder: folder)
        try await eventually { folder.text("errors").contains("listening on") || !process.isRunning }
        let found = folder.text("errors").firstMatch(of: /listening on (\S+):(\d+)/)
        let (address, port) = try #require(found.map { ($0.1, $0.2) }, "\(folder.text("errors"))")
        #expect(port != "0")
        let expected = ["[::1]": ["::1"], "*": ["::", "0.0.0.0"], "localhost": ["::1", "127.0.0.1"]]
        #expect(expected[host, default: [host]].contains(String(address)))
        // Every address includes those of IPv4.
        if host == "*" { _ = try await HTTPConnection.open(port: #require(Int(port))) }
        process.kill()
    }
}
