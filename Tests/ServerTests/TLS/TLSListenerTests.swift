import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import connvo_server

/// A listener with TLS, over real sockets.
@Suite struct TLSListenerTests {
    private final class Outcomes: Sendable {
        private let seen = Mutex<[HandshakeOutcome]>([])
        var all: [HandshakeOutcome] { seen.withLock { $0 } }
        func note(_ observation: Observation) {
            if case .tls(.handshake(_, let outcome)) = observation { seen.withLock { $0.append(outcome) } }
        }
    }

    private static func withListener(
        capacity: Int = 100,
        limits: ConnectionLimits = ConnectionLimits(),
        _ body: (_ port: Int, ConnectionTable, Outcomes) async throws -> Void
    ) async throws {
        let certificate = try await TestCertificate()
        let store = try CertificateStore(
            CertificateFiles(
                listener: "test",
                certificateSetting: .httpTLSCertificateFile,
                keySetting: .httpTLSKeyFile,
                certificatePath: certificate.path,
                keyPath: certificate.keyPath
            )
        )
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let table = ConnectionTable(capacity: capacity, limits: limits, group: group)
        let outcomes = Outcomes()
        let listener = HTTPListener(
            name: "test",
            host: "127.0.0.1",
            port: 0,
            certificates: store,
            routes: Routes(pages: [.livez: .liveness], observe: { outcomes.note($0) }, now: SystemClock.now),
            connections: table,
            group: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let channel = try await listener.bind()
        table.start()
        let result: Result<Void, any Error>
        do { result = .success(try await body(channel.localAddress?.port ?? 0, table, outcomes)) } catch {
            result = .failure(error)
        }
        try await channel.close()
        table.closeAll()
        try await group.shutdownGracefully()
        try result.get()
    }

    private static let request = WireRequest("GET", "/livez")

    @Test func `requests are answered one after the other`() async throws {
        try await Self.withListener { port, _, outcomes in
            let client = try await TLSClient.connect(port: port)
            for count in 1...3 {
                try await client.send(Self.request.bytes)
                try await eventually { client.received.ranges(of: "HTTP/1.1 200").count == count }
            }
            #expect(outcomes.all == [.completed])
        }
    }

    @Test func `the last response is followed by a close_notify and the end`() async throws {
        try await Self.withListener { port, table, _ in
            let client = try await TLSClient.connect(port: port)
            try await client.send(Self.request.adding("Connection", "close").bytes)
            try await eventually { client.isClosed }
            #expect(client.closedCleanly)
            try await eventually { table.count == 0 }
        }
    }

    @Test func `a handshake that does not end is cut off`() async throws {
        var limits = ConnectionLimits()
        limits.handshake = .milliseconds(100)
        try await Self.withListener(limits: limits) { port, table, outcomes in
            let silent = try await HTTPConnection.open(port: port)
            #expect(try await silent.rest().closed)
            #expect(outcomes.all == [.timedOut])
            try await eventually { table.count == 0 }
        }
    }

    @Test func `HTTP without TLS is closed`() async throws {
        try await Self.withListener { port, _, outcomes in
            let plain = try await HTTPConnection.open(port: port)
            try await plain.send(Self.request.bytes)
            #expect(try await !String(decoding: plain.rest().bytes, as: UTF8.self).contains("HTTP"))
            #expect(outcomes.all == [.notTLS])
        }
    }

    @Test func `handshakes count, and go for clients that ask`() async throws {
        try await Self.withListener(capacity: 4) { port, table, _ in
            var silent: [HTTPConnection] = []
            for _ in 0..<20 {
                silent.append(try await HTTPConnection.open(port: port))
                let client = try await TLSClient.connect(port: port)
                try await client.send(Self.request.bytes)
                try await eventually { client.received.contains("HTTP/1.1 200") }
            }
            try await eventually { table.count <= 4 }
        }
    }

    @Test func `a listener that ends waits for no handshake`() async throws {
        try await Self.withListener { port, table, _ in
            let silent = try await HTTPConnection.open(port: port)
            let idle = try await TLSClient.connect(port: port)
            try await idle.send(Self.request.bytes)
            try await eventually { idle.received.contains("HTTP/1.1 200") && table.count == 2 }
            let closed = table.quiesce(on: MultiThreadedEventLoopGroup.singleton.any())
            #expect(try await silent.rest().closed)
            try await closed.get()
            try await eventually { idle.isClosed }
            #expect(idle.closedCleanly)
        }
    }
}
