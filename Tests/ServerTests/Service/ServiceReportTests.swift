import Glibc
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@testable import connvo_server

/// When the service manager is told that the server has started, is ready, and is alive.
@Suite struct ServiceReportTests {
    private let socket: NotifySocket

    init() throws {
        socket = try NotifySocket(.path)
    }

    /// Runs a report about two listeners, the first of which accepts connections already, beside `body`.
    private func withReport(
        to socket: NotifySocket,
        watchdog: [String: String] = [:],
        eventLoops: [any EventLoop] = [],
        obstacles: [String] = [],
        _ body: (_ accept: @Sendable () -> Void) async throws -> Void
    ) async throws {
        let environment = watchdog.merging(["NOTIFY_SOCKET": socket.name]) { $1 }
        let (accepting, begun) = AsyncStream.makeStream(of: Void.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let report = ServiceReport(
            notification: try #require(ServiceNotification(environment: environment, logger: logger)),
            accepting: accepting,
            listenerCount: 2,
            eventLoops: eventLoops,
            obstacles: { obstacles }
        )
        begun.yield()
        let running = Task { try await report.run() }
        defer { running.cancel() }
        try await body { begun.yield() }
    }

    @Test func `READY is sent when every listener accepts connections`() async throws {
        try await withReport(to: socket) { accept in
            let early = try await socket.next(within: .milliseconds(200))
            #expect(early == nil)
            accept()
            let first = try await socket.next()
            #expect(first == ["STATUS=Ready", "READY=1"])
        }
    }

    @Test func `the status names the obstacles, in one line`() async throws {
        let obstacles = ["no database:\nSTOPPING=1", "no key"]
        try await withReport(to: socket, obstacles: obstacles) { accept in
            accept()
            let first = try await socket.next()
            #expect(first == ["STATUS=Not ready: no database:?STOPPING=1; no key", "READY=1"])
        }
    }

    @Test func `READY is said once, WATCHDOG again and again`() async throws {
        try await withReport(to: socket, watchdog: ["WATCHDOG_USEC": "20000"]) { accept in
            accept()
            let first = try await socket.next()
            #expect(first == ["STATUS=Ready", "READY=1", "WATCHDOG=1"])
            for _ in 0..<5 {
                let next = try await socket.next()
                #expect(next == ["STATUS=Ready", "WATCHDOG=1"])
            }
        }
    }

    @Test func `no WATCHDOG is sent while an event loop hangs`() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let eventLoops = Array(group.makeIterator())
        let gate = Gate()
        let alive = try NotifySocket(.path)
        let watchdog = ["WATCHDOG_USEC": "20000"]
        // A report about the other event loop is the clock.
        try await withReport(to: alive, watchdog: watchdog, eventLoops: [eventLoops[0]]) { acceptAlive in
            try await withReport(to: socket, watchdog: watchdog, eventLoops: eventLoops) { accept in
                accept()
                acceptAlive()
                #expect(try await socket.next()?.contains("WATCHDOG=1") == true)
                eventLoops[1].execute { gate.wait() }
                try await eventually { gate.isReached.load(ordering: .relaxed) }
                try await socket.drain()
                try await alive.drain()
                for _ in 0..<20 { #expect(try await alive.next() != nil) }
                // One may have been on its way.
                #expect(try await socket.drain() <= 1)
                gate.isOpen.store(true, ordering: .relaxed)
                #expect(try await socket.next()?.contains("WATCHDOG=1") == true)
            }
        }
        try await group.shutdownGracefully()
    }
}

/// Blocks a thread until it is opened.
private final class Gate: Sendable {
    let isReached = Atomic(false)
    let isOpen = Atomic(false)

    func wait() {
        isReached.store(true, ordering: .relaxed)
        while !isOpen.load(ordering: .relaxed) { usleep(1000) }
    }
}
