import Foundation
import Synchronization
import TestSupport

/// A TCP connection that sends any bytes, well-formed or not, and reads responses. Every wait has a deadline.
final class HTTPConnection: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let descriptor: Int32
    private let received = Mutex<[UInt8]>([])
    /// The bytes of the response that is being read, as they came.
    private let raw = Mutex<[UInt8]>([])
    private let hasEnded = Mutex(false)
    /// The errno with which receiving ended; 0 when the peer closed in order.
    private let lastError = Mutex<Int32>(0)

    private init(descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Connects to 127.0.0.1.
    static func open(port: Int) async throws -> HTTPConnection {
        try await onOwnThread {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else {
                let reason = errno
                close(descriptor)
                throw Failure(description: "connect: \(reason)")
            }
            _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
            return HTTPConnection(descriptor: descriptor)
        }
    }

    /// A port of 127.0.0.1 that is free now, for a program that cannot say which one the system gave it.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
            }
        }
        guard result == 0 else { throw Failure(description: "bind: \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    // MARK: Sending

    func send(_ text: String) async throws {
        try await send(Array(text.utf8))
    }

    /// Sends all bytes, or as many as the peer accepts before it closes. Received bytes are kept meanwhile.
    ///
    /// - Parameter size: The most bytes in one write.
    func send(_ bytes: [UInt8], pieces size: Int = .max) async throws {
        try await onOwnThread { [self] in
            var noDelay: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, socklen_t(MemoryLayout<Int32>.size))
            var rest = bytes[...]
            let deadline = ContinuousClock.now + .seconds(30)
            while !rest.isEmpty {
                let ready = try wait(for: Int16(POLLIN | POLLOUT), until: deadline)
                guard ready != 0 else { throw Failure(description: "the peer takes no more bytes") }
                if ready & Int16(POLLIN) != 0, !receive() { return }
                if ready & Int16(POLLOUT) == 0 { continue }
                let count = rest.prefix(size).withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count > 0 { rest = rest.dropFirst(count) }
                // The peer has closed. The bytes that it sent before are still to be read.
                if count < 0, errno != EAGAIN, errno != EINTR { return }
            }
        }
    }

    /// Closes the sending direction.
    func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    // MARK: Receiving

    /// Reads one response, which may be an informational one.
    ///
    /// - Parameter method: The method of the request, because a response to HEAD has no body.
    func answer(to method: String = "POST", within limit: Duration = .seconds(30)) async throws -> ReceivedResponse {
        try await onOwnThread { [self] in
            let deadline = ContinuousClock.now + limit
            raw.withLock { $0 = [] }
            let end = try bytes(until: deadline, "a head") { Self.endOfHead(in: $0) }
            let head = take(end)
            let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n").dropLast(2)
            let parts = (lines.first ?? "").split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count >= 2, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1]) else {
                throw Failure(description: "not a status line: \(lines.first ?? "")")
            }
            let headers = lines.dropFirst().map { line in
                let field = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                return (
                    name: field[0].lowercased(),
                    value: field.count == 2 ? field[1].trimmingCharacters(in: .whitespaces) : ""
                )
            }
            let hasBody = method != "HEAD" && status >= 200 && status != 204 && status != 304
            let body = hasBody ? try self.body(headers, deadline) : []
            return ReceivedResponse(
                version: String(parts[0]),
                status: status,
                headers: headers,
                body: body,
                raw: raw.withLock { $0 }
            )
        }
    }

    /// All bytes until the peer closes or `limit` has passed, and whether it closed.
    func rest(within limit: Duration = .seconds(30)) async throws -> (bytes: [UInt8], closed: Bool) {
        try await onOwnThread { [self] in
            let deadline = ContinuousClock.now + limit
            while !hasEnded.withLock({ $0 }), try wait(for: Int16(POLLIN), until: deadline) != 0 {
                _ = receive()
            }
            return (take(received.withLock { $0.count }), hasEnded.withLock { $0 })
        }
    }

    private func body(_ headers: [(name: String, value: String)], _ deadline: ContinuousClock.Instant) throws -> [UInt8]
    {
        if let length = headers.first(where: { $0.name == "content-length" }).flatMap({ Int($0.value) }) {
            _ = try bytes(until: deadline, "a body") { $0.count >= length ? length : nil }
            return take(length)
        }
        guard headers.contains(where: { $0.name == "transfer-encoding" && $0.value == "chunked" }) else {
            _ = try bytes(until: deadline, "the end") { [self] _ in hasEnded.withLock { $0 } ? 0 : nil }
            return take(received.withLock { $0.count })
        }
        var body: [UInt8] = []
        while true {
            let line = try bytes(until: deadline, "a chunk") { $0.firstIndex(of: 10).map { $0 + 1 } }
            let digits = String(decoding: take(line), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            guard let size = Int(digits, radix: 16) else { throw Failure(description: "not a chunk size: \(digits)") }
            _ = try bytes(until: deadline, "a chunk") { $0.count >= size + 2 ? size : nil }
            body += take(size)
            _ = take(2)
            if size == 0 { return body }
        }
    }

    private static func endOfHead(in bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...bytes.count - 4).first { bytes[$0..<$0 + 4].elementsEqual([13, 10, 13, 10]) }.map { $0 + 4 }
    }

    /// Receives until `isEnough` returns the number of bytes to take.
    private func bytes(
        until deadline: ContinuousClock.Instant,
        _ what: String,
        _ isEnough: ([UInt8]) -> Int?
    ) throws -> Int {
        while true {
            if let count = isEnough(received.withLock { $0 }) { return count }
            if hasEnded.withLock({ $0 }) {
                throw Failure(description: "the peer closed before \(what) (errno \(lastError.withLock { $0 }))")
            }
            guard try wait(for: Int16(POLLIN), until: deadline) != 0 else {
                throw Failure(description: "\(what) did not come in time")
            }
            _ = receive()
        }
    }

    private func take(_ count: Int) -> [UInt8] {
        let taken = received.withLock { received in
            defer { received.removeFirst(min(count, received.count)) }
            return Array(received.prefix(count))
        }
        raw.withLock { $0 += taken }
        return taken
    }

    /// Reads the bytes that have arrived. Returns false when the peer has closed.
    private func receive() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count > 0 { received.withLock { $0 += chunk[..<count] } }
        let reason = count < 0 ? errno : 0
        if count == 0 || (count < 0 && reason != EAGAIN && reason != EINTR) {
            hasEnded.withLock { $0 = true }
            lastError.withLock { $0 = reason }
        }
        return !hasEnded.withLock { $0 }
    }

    /// The events that occurred; 0 when the deadline passed first.
    private func wait(for events: Int16, until deadline: ContinuousClock.Instant) throws -> Int16 {
        while true {
            let left = deadline - .now
            guard left > .zero else { return 0 }
            var entry = pollfd(fd: descriptor, events: events, revents: 0)
            let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1
            let count = poll(&entry, 1, Int32(clamping: milliseconds))
            if count < 0, errno != EINTR { throw Failure(description: "poll: \(errno)") }
            if count > 0 {
                // Reading reports errors and hang-ups.
                return entry.revents & Int16(POLLERR | POLLHUP) != 0 ? entry.revents | Int16(POLLIN) : entry.revents
            }
        }
    }
}
