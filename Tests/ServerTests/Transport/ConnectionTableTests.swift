import Dispatch
import Logging
import NIOCore
import NIOPosix
import TestSupport
import Testing

@testable import connvo_server

/// Connections up to a number, over real sockets.
@Suite struct ConnectionTableTests {
    private static func withListener(
        capacity: Int,
        threads: Int = 2,
        limits: ConnectionLimits = ConnectionLimits(),
        _ body: (_ port: Int, ConnectionTable) async throws -> Void
    ) async throws {
        try await withChannel(capacity: capacity, threads: threads, limits: limits) { channel, table in
            try await body(channel.localAddress?.port ?? 0, table)
        }
    }

    /// - Parameter body: May close the channel.
    private static func withChannel(
        capacity: Int,
        threads: Int,
        limits: ConnectionLimits,
        _ body: (_ channel: any Channel, ConnectionTable) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let table = ConnectionTable(capacity: capacity, limits: limits, group: group)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let listener = HTTPListener(
            name: "test",
            host: "127.0.0.1",
            port: 0,
            routes: Routes(
                pages: [.livez: .liveness],
                observe: { _ in },
                now: SystemClock.now
            ),
            connections: table,
            group: group,
            logger: logger
        )
        let channel = try await listener.bind()
        let result: Result<Void, any Error>
        do { result = .success(try await body(channel, table)) } catch {
            result = .failure(error)
        }
        try? await channel.close()
        table.closeAll()
        try await group.shutdownGracefully()
        try result.get()
    }

    private static func ask(_ connection: HTTPConnection) async throws -> Int {
        try await connection.send(WireRequest("GET", "/livez").bytes)
        return try await connection.answer().status
    }

    @Test func `beyond the capacity, those that have waited longest are closed for new ones`() async throws {
        try await Self.withListener(capacity: 4) { port, table in
            var connections: [HTTPConnection] = []
            for _ in 0..<20 {
                let connection = try await HTTPConnection.open(port: port)
                #expect(try await Self.ask(connection) == 200)
                connections.append(connection)
            }
            #expect(table.count <= 5)
            // Each event loop gives up its own: of the newest ones some may be gone, and of the oldest none is left.
            for connection in connections.prefix(10) { #expect(try await connection.rest().closed) }
        }
    }

    @Test func `silent connections go for one that asks`() async throws {
        try await Self.withListener(capacity: 4) { port, _ in
            var silent: [HTTPConnection] = []
            for _ in 0..<50 {
                silent.append(try await HTTPConnection.open(port: port))
                let connection = try await HTTPConnection.open(port: port)
                #expect(try await Self.ask(connection) == 200)
            }
        }
    }

    @Test func `a closing table ends those that are idle, then admits none, and says when the last one is gone`()
        async throws
    {
        var limits = ConnectionLimits()
        limits.lastRequest = .milliseconds(10)
        try await Self.withListener(capacity: 4, limits: limits) { port, table in
            let idle = try await HTTPConnection.open(port: port)
            #expect(try await Self.ask(idle) == 200)
            let half = try await HTTPConnection.open(port: port)
            try await half.send("GET /livez HTTP/1.1\r\n")
            try await eventually { table.count == 2 }
            let loop = MultiThreadedEventLoopGroup.singleton.any()
            let closed = table.quiesce(on: loop)
            #expect(try await idle.rest().closed)
            let late = try await HTTPConnection.open(port: port)
            #expect(try await late.rest().closed)
            try await half.send("Host: a\r\n\r\n")
            _ = try await half.rest()
            try await closed.get()
            #expect(table.count == 0)
        }
    }

    @Test func `a request that is under way when the listener closes is answered, and then the connection is closed`()
        async throws
    {
        var limits = ConnectionLimits()
        limits.lastRequest = .hours(1)
        try await Self.withListener(capacity: 4, limits: limits) { port, table in
            let idle = try await HTTPConnection.open(port: port)
            #expect(try await Self.ask(idle) == 200)
            let fresh = try await HTTPConnection.open(port: port)
            try await eventually { table.count == 2 }

            let closed = table.quiesce(on: MultiThreadedEventLoopGroup.singleton.any())

            for connection in [idle, fresh] {
                try await connection.send(WireRequest("GET", "/livez").bytes)
                let answer = try await connection.answer()
                #expect(answer.status == 200)
                #expect(answer["connection"] == "close")
                #expect(try await connection.rest().closed)
            }
            try await closed.get()
        }
    }

    @Test func `a listener that closes has accepted all that had connected`() async throws {
        try await Self.withChannel(capacity: 64, threads: 1, limits: ConnectionLimits()) { channel, table in
            // Its event loop accepts none meanwhile; the kernel does.
            let connected = DispatchSemaphore(value: 0)
            channel.eventLoop.execute { connected.wait() }
            var connections: [HTTPConnection] = []
            do {
                defer { connected.signal() }
                for _ in 0..<32 {
                    let connection = try await HTTPConnection.open(port: channel.localAddress?.port ?? 0)
                    try await connection.send(WireRequest("GET", "/livez").bytes)
                    connections.append(connection)
                }
            }

            try await channel.closeWhenAllAreAccepted(within: .seconds(60))

            let closed = table.quiesce(on: channel.eventLoop)
            for connection in connections { #expect(try await connection.answer().status == 200) }
            try await closed.get()
        }
    }
}
