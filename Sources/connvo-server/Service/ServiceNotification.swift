internal import FoundationEssentials
internal import Glibc
internal import Logging
internal import Synchronization

/// Sends the state of this process to the service manager that started it: systemd, or another one that sets
/// `NOTIFY_SOCKET`.
///
/// The protocol of sd_notify(3): one datagram of `NAME=value` lines to a Unix socket. Nothing waits for the service
/// manager, and a datagram that cannot be sent changes nothing here; the first failure is logged at debug.
///
/// ```swift
/// ServiceNotification(logger: logger)?.send(["READY=1", "STATUS=Ready"])
/// ```
final class ServiceNotification: Sendable {
    /// How long the service manager waits for `WATCHDOG=1` before it ends the process (sd_watchdog_enabled(3)); nil when
    /// it does not watch.
    let watchdogLimit: Duration?

    /// Open for the life of the process: connections of clients may have taken every other descriptor.
    private let socket: Int32
    private let address: [UInt8]
    private let logger: Logger
    private let hasFailed = Atomic(false)

    /// What the service manager was told of the life of the process.
    private enum Phase: Sendable { case starting, ready, stopping }
    private let phase = Mutex(Phase.starting)

    /// - Returns: Nil when `NOTIFY_SOCKET` is not set, or is neither a path nor an abstract socket (`@name`), or when the
    ///   process has no descriptor left.
    init?(environment: [String: String] = ProcessInfo.processInfo.environment, logger: Logger) {
        guard let name = environment["NOTIFY_SOCKET"], let address = Self.address(of: name) else { return nil }
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard socket >= 0 else { return nil }
        self.address = address
        self.logger = logger
        watchdogLimit = Self.watchdogLimit(environment)
    }

    deinit {
        close(socket)
    }

    /// Sends one datagram. Never blocks.
    ///
    /// - Parameter assignments: `NAME=value` each, without line feeds.
    /// - Returns: Whether the service manager has it. False while its queue is full, too.
    @discardableResult
    func send(_ assignments: [String]) -> Bool {
        let message = Array(assignments.joined(separator: "\n").utf8)
        let sent = address.withUnsafeBytes { address in
            sendto(
                socket,
                message,
                message.count,
                Int32(MSG_NOSIGNAL),
                address.assumingMemoryBound(to: sockaddr.self).baseAddress,
                socklen_t(address.count)
            )
        }
        if sent == message.count {
            note(assignments)
            return true
        }
        let code = errno
        if !hasFailed.exchange(true, ordering: .relaxed) {
            let reason = String(cString: strerror(code))
            logger.debug("The service manager could not be told", metadata: ["error": "\(reason)"])
        }
        return false
    }

    private func note(_ assignments: [String]) {
        phase.withLock { phase in
            if assignments.contains("STOPPING=1") { phase = .stopping }
            if assignments.contains("READY=1"), phase == .starting { phase = .ready }
        }
    }

    /// Tells that settings are being read again. With `Type=notify-reload` (systemd 253) `systemctl reload` waits for
    /// ``reloadEnds()``. Nothing is told before the start is complete, and during a shutdown: READY=1 would mean another
    /// thing then.
    func reloadBegins() {
        guard phase.withLock({ $0 == .ready }) else { return }
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        send(["RELOADING=1", "MONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)"])
    }

    /// The reload has ended, successfully or not.
    func reloadEnds() {
        guard phase.withLock({ $0 == .ready }) else { return }
        send(["READY=1"])
    }

    /// The bytes of a `sockaddr_un` (unix(7)); nil for names of other families, and for those that are too long.
    private static func address(of name: String) -> [UInt8]? {
        var path = Array(name.utf8)
        // A path ends with a zero byte. The name of an abstract socket begins with one, and its length ends it.
        switch path.first {
        case UInt8(ascii: "/"): path.append(0)
        case UInt8(ascii: "@") where path.count > 1: path[0] = 0
        default: return nil
        }
        guard path.count <= MemoryLayout.size(ofValue: sockaddr_un().sun_path) else { return nil }
        return withUnsafeBytes(of: sa_family_t(AF_UNIX)) { Array($0) } + path
    }

    private static func watchdogLimit(_ environment: [String: String]) -> Duration? {
        guard let text = environment["WATCHDOG_USEC"], let microseconds = Int64(text), microseconds > 0 else {
            return nil
        }
        // The variables are for the process that this names; a child may have inherited them.
        if let process = environment["WATCHDOG_PID"], process != "\(getpid())" { return nil }
        return .microseconds(microseconds)
    }
}
