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
        _ body: (_ port: Int, ConnectionTable) async throws -> Void
    ) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let table = ConnectionTable(capacity: capacity, limits: ConnectionLimits(), group: group)
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
        do { result = .success(try await body(channel.localAddress?.port ?? 0, table)) } catch {
            result = .failure(error)
        }
        try await channel.close()
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

    @Test func `a closing table admits no connection, and says when the last one is gone`() async throws {
        try await Self.withListener(capacity: 4) { port, table in
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
}
