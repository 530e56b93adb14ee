internal import Glibc

/// A port of the loopback interface that accepts connections and sends nothing, or that refuses connections.
package final class SilentListener: Sendable {
    private let socket: Int32
    package let port: UInt16

    package struct Failure: Error {
        package let call: String
        package let code: Int32

        package init(call: String, code: Int32) {
            self.call = call
            self.code = code
        }
    }

    /// - Parameter listens: False reserves the port without listening, so that connections are refused.
    package init(listens: Bool = true) throws {
        (socket, port) = try loopbackSocket(listens: listens)
    }

    deinit {
        close(socket)
    }
}

/// Binds a TCP socket to an address of the loopback interface.
///
/// - Parameters:
///   - lastByte: The last byte of the address: 1 for 127.0.0.1.
///   - port: 0 for any free port.
func loopbackSocket(lastByte: UInt32 = 1, port: UInt16 = 0, listens: Bool) throws -> (socket: Int32, port: UInt16) {
    typealias Failure = SilentListener.Failure
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard socket >= 0 else { throw Failure(call: "socket", code: errno) }
    _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = (UInt32(0x7F00_0000) + lastByte).bigEndian
    address.sin_port = port.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutableBytes(of: &address) { bytes in
        let address = bytes.bindMemory(to: sockaddr.self).baseAddress
        return bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
    }
    guard isBound else { throw Failure(call: "bind", code: errno) }
    guard !listens || listen(socket, 64) == 0 else { throw Failure(call: "listen", code: errno) }
    return (socket, UInt16(bigEndian: address.sin_port))
}
