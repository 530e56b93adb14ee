internal import Glibc
internal import PostgreSQL

/// Finds the IP address that a listener can use, before anything is started: the error of a listener that starts beside
/// other services says neither which setting is wrong nor which address.
struct ListenCheck: Sendable {
    let address: ListenAddress
    /// 0 lets the system choose one.
    let port: Int

    enum Failure: Error, Equatable {
        /// The name has no address. The text is the resolver's.
        case unresolved(String)
        /// bind(2) failed at this address.
        case unusable(String, errno: Int32)
        /// A descriptor or a thread is missing, or the resolver does not answer.
        case other(String)
    }

    /// How long the resolver may take.
    private static let timeLimit: Duration = .seconds(5)

    /// Resolves the name and tries its addresses. Blocks, for the time limit at most.
    ///
    /// - Returns: The first address at which a listener can be bound now.
    func usableAddress() throws(Failure) -> String {
        let result: Result<String, Failure>?
        do {
            result = try onThreadOfItsOwn(named: "listen-check", within: Self.timeLimit) { [self] in
                Result { () throws(Failure) in try find() }
            }
        } catch {
            throw .other(error.message)
        }
        guard let result else { throw .other("the resolver does not answer") }
        return try result.get()
    }

    private func find() throws(Failure) -> String {
        switch address {
        case .host(let host):
            return try firstUsable(of: host)
        case .every:
            do {
                return try firstUsable(of: "::")
            } catch {
                guard case .unusable(_, EAFNOSUPPORT) = error else { throw error }
                // A machine without IPv6. With it, a socket of IPv6 takes the connections of IPv4, too.
                return try firstUsable(of: "0.0.0.0")
            }
        }
    }

    private func firstUsable(of host: String) throws(Failure) -> String {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &list)
        guard code == 0 else { throw .unresolved(String(cString: gai_strerror(code))) }
        defer { freeaddrinfo(list) }
        var failure: Failure?
        var next = list
        while let entry = next?.pointee {
            let text = Self.text(of: entry)
            guard let failed = Self.bindingFails(at: entry) else { return text }
            failure = failure ?? .unusable(text, errno: failed)
            next = entry.ai_next
        }
        throw failure ?? .unresolved("no address")
    }

    /// The errno of binding a socket there; nil when it can be bound.
    private static func bindingFails(at entry: addrinfo) -> Int32? {
        let descriptor = socket(entry.ai_family, entry.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), entry.ai_protocol)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        // As the listener does: else connections that the last process closed would count as a use of the port.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        return bind(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 ? nil : errno
    }

    private static func text(of entry: addrinfo) -> String {
        var bytes = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        getnameinfo(entry.ai_addr, entry.ai_addrlen, &bytes, socklen_t(bytes.count), nil, 0, NI_NUMERICHOST)
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
