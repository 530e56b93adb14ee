internal import Glibc

/// How the file descriptors that the process may have open are shared out.
///
/// A process that has none left can neither accept a connection nor open one to the database, so connections of clients
/// get only what is left of the limit.
struct DescriptorBudget {
    /// How many connections the public listener may have open.
    let publicConnections: Int
    /// How many connections the admin listener may have open.
    let adminConnections: Int

    /// Beyond this number of connections memory is the limit: a connection takes about 10 kB.
    private static let largestNumber = 16_384
    /// The same with TLS: a connection that is being attacked was measured to take 80 kB.
    private static let largestNumberWithTLS = 4096
    /// For standard streams, event loops, threads, the key set's server and files, and for connections that have been
    /// accepted and are about to be refused.
    private static let own = 40

    /// - Parameters:
    ///   - limit: How many descriptors the process may have open.
    ///   - poolSize: Connections for issuance. Each may have a successor while it is being closed.
    ///   - speaksTLS: Whether the public listener does.
    init(limit: Int, poolSize: Int, speaksTLS: Bool) {
        adminConnections = min(max(limit / 64, 8), 64)
        let left = limit - Self.own - 2 * (poolSize + 1) - adminConnections
        publicConnections = min(max(left, 4), speaksTLS ? Self.largestNumberWithTLS : Self.largestNumber)
    }

    /// Raises the limit of this process as far as it may (setrlimit(2), RLIMIT_NOFILE), and returns it.
    ///
    /// The limit of a session is low for the sake of programs that use select(2), which this one does not.
    static func raisedLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        let allowed = limit.rlim_max
        if limit.rlim_cur < allowed {
            var raised = rlimit(rlim_cur: allowed, rlim_max: allowed)
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
