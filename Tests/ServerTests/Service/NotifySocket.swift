import Foundation
import Glibc
import TestSupport

/// The service manager's end of sd_notify(3): a Unix socket that receives datagrams.
final class NotifySocket: Sendable {
    /// For `NOTIFY_SOCKET`: a path, or a name that begins with `@`.
    let name: String
    private let socket: Int32
    private let folder: Folder

    enum Kind { case path, abstract }

    init(_ kind: Kind) throws {
        let folder = try Folder()
        self.folder = folder
        name =
            switch kind {
            case .path: folder.file("notify")
            case .abstract: "@connvo-tests-\(UUID().uuidString)"
            }
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        // Written otherwise than the code under test writes it.
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name.utf8) }
        if kind == .abstract { address.sun_path.0 = 0 }
        let length = MemoryLayout<sa_family_t>.size + name.utf8.count + (kind == .path ? 1 : 0)
        let isBound = withUnsafeBytes(of: &address) {
            bind(socket, $0.bindMemory(to: sockaddr.self).baseAddress, socklen_t(length)) == 0
        }
        guard isBound else { throw SilentListener.Failure(call: "bind", code: errno) }
    }

    deinit {
        close(socket)
    }

    /// The lines of the next datagram; nil when none comes in time.
    func next(within limit: Duration = .seconds(30)) async throws -> [String]? {
        try await onOwnThread { [socket] in
            var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard poll(&descriptor, 1, Int32(limit / .milliseconds(1))) == 1 else { return nil }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(socket, &bytes, bytes.count, 0)
            return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self).components(separatedBy: "\n")
        }
    }

    /// Reads what is there already, and returns how many datagrams that were.
    @discardableResult
    func drain() async throws -> Int {
        var count = 0
        while try await next(within: .zero) != nil { count += 1 }
        return count
    }
}
