import Foundation
import InMemoryLogging
import Logging
import Testing

@testable import connvo_server

/// Datagrams to the service manager.
@Suite struct ServiceNotificationTests {
    private let log = InMemoryLogHandler()

    private func make(_ environment: [String: String]) -> ServiceNotification? {
        var logger = Logger(label: "test") { _ in log }
        logger.logLevel = .debug
        return ServiceNotification(environment: environment, logger: logger)
    }

    @Test(arguments: [NotifySocket.Kind.path, .abstract])
    func `what is sent together is one datagram`(kind: NotifySocket.Kind) async throws {
        let socket = try NotifySocket(kind)
        let notification = try #require(make(["NOTIFY_SOCKET": socket.name]))

        #expect(notification.send(["READY=1", "STATUS=Ready"]))
        #expect(notification.send(["STOPPING=1"]))

        #expect(try await socket.next() == ["READY=1", "STATUS=Ready"])
        #expect(try await socket.next() == ["STOPPING=1"])
    }

    @Test(arguments: [
        nil, "", "@", "notify", "./notify", "vsock:2:1234", "/" + String(repeating: "a", count: 107),
        "@" + String(repeating: "a", count: 108),
    ])
    func `without a usable socket there is no service manager`(name: String?) {
        #expect(make(name.map { ["NOTIFY_SOCKET": $0] } ?? [:]) == nil)
    }

    @Test func `a socket that is away changes nothing and is logged once, at debug`() throws {
        let notification = try #require(make(["NOTIFY_SOCKET": "/nowhere/notify"]))

        for _ in 0..<3 { #expect(!notification.send(["WATCHDOG=1"])) }

        #expect(log.entries.map(\.level) == [.debug])
    }

    @Test func `a service manager that reads nothing blocks nothing`() throws {
        let socket = try NotifySocket(.path)
        let notification = try #require(make(["NOTIFY_SOCKET": socket.name]))

        // net.unix.max_dgram_qlen limits the queue, to some hundreds at most.
        let sent = (0..<20_000).filter { _ in notification.send(["WATCHDOG=1"]) }

        #expect(sent.count < 20_000)
        withExtendedLifetime(socket) {}
    }

    @Test(
        arguments: [
            ([:], nil),
            (["WATCHDOG_USEC": "30000000"], .seconds(30)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())"], .seconds(30)),
            (["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"], nil),
            (["WATCHDOG_USEC": "0"], nil),
            (["WATCHDOG_USEC": "-1"], nil),
            (["WATCHDOG_USEC": "99999999999999999999"], nil),
            (["WATCHDOG_USEC": "soon"], nil),
        ] as [([String: String], Duration?)]
    )
    func `the watchdog is the one of this process`(environment: [String: String], limit: Duration?) throws {
        let both = environment.merging(["NOTIFY_SOCKET": "/nowhere/notify"]) { $1 }
        #expect(try #require(make(both)).watchdogLimit == limit)
    }
}
