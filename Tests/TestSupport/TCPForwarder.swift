internal import Foundation
internal import Glibc
internal import PostgreSQL
internal import Synchronization

/// A TCP port of the loopback interface that leads to the tests' PostgreSQL server, which has a Unix socket only.
package final class TCPForwarder: Sendable {
    private let socket: Int32
    package let port: UInt16
    /// How many connections it has passed on.
    package var connectionCount: Int { accepted.withLock { $0 } }
    private let accepted: Counter
    private let hole: Hole

    /// Whether everything that is sent through it vanishes, in both directions, while connections stay open.
    private final class Hole: Sendable {
        let isOpen = Mutex(false)
    }

    /// Lets everything vanish that comes from now on, without closing a connection; or passes on again what comes then.
    package func swallow(_ isOn: Bool) {
        hole.isOpen.withLock { $0 = isOn }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)

        func withLock<Value>(_ body: (inout Int) -> Value) -> Value { count.withLock { body(&$0) } }
    }

    /// - Parameters:
    ///   - lastByte: The last byte of the address: 1 for 127.0.0.1.
    ///   - port: 0 for any free port.
    package init(lastByte: UInt32 = 1, port: UInt16 = 0) throws {
        let environment = ProcessInfo.processInfo.environment
        let server = "\(environment["PGHOST"] ?? "")/.s.PGSQL.\(environment["PGPORT"] ?? "5432")"
        let (socket, boundPort) = try loopbackSocket(lastByte: lastByte, port: port, listens: true)
        let accepted = Counter()
        let hole = Hole()
        self.socket = socket
        self.port = boundPort
        self.accepted = accepted
        self.hole = hole
        _ = try DedicatedThread(name: "forwarder") {
            while true {
                let client = accept(socket, nil, nil)
                // The listening socket is shut down with the forwarder.
                guard client >= 0 else { return }
                let started = try? DedicatedThread(name: "forwarded") { Self.forward(client, to: server, hole) }
                if started == nil { close(client) } else { accepted.withLock { $0 += 1 } }
            }
        }
    }

    deinit {
        shutdown(socket, Int32(SHUT_RDWR))
        close(socket)
    }

    /// Passes bytes on in both directions until one side closes.
    private static func forward(_ client: Int32, to path: String, _ hole: Hole) {
        defer { close(client) }
        let server = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(server) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let isConnected = withUnsafeBytes(of: &address) { bytes in
            connect(server, bytes.bindMemory(to: sockaddr.self).baseAddress, socklen_t(bytes.count)) == 0
        }
        guard isConnected else { return }
        var sockets = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 16384)
        while poll(&sockets, 2, -1) > 0 {
            for (from, to) in [(0, 1), (1, 0)] where sockets[from].revents != 0 {
                let count = read(sockets[from].fd, &buffer, buffer.count)
                if count > 0, hole.isOpen.withLock({ $0 }) { continue }
                guard count > 0, send(sockets[to].fd, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }
}
