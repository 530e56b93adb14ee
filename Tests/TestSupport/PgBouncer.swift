internal import Foundation
internal import Glibc

/// A PgBouncer process in front of the tests' server, in transaction mode. It ends with this object, and with the
/// thread that made it.
package final class PgBouncer: Sendable {
    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    private static let program = "/usr/sbin/pgbouncer"

    package static var isInstalled: Bool { access(program, X_OK) == 0 }

    private let process: ChildProcess
    private let directory: String

    /// Starts the process and waits until it accepts connections. Blocks.
    ///
    /// - Parameters:
    ///   - poolSize: Connections to the server for each database.
    ///   - login: The role that every client gets, because PgBouncer forwards neither `options` nor `SET`.
    package init(poolSize: Int, login: String) throws {
        let environment = ProcessInfo.processInfo.environment
        guard let server = environment["PGHOST"], let port = environment["PGPORT"] else {
            throw StartError(description: "PGHOST and PGPORT are not set: run the tests with scripts/with-postgres")
        }
        // A short path, because the path of a Unix socket has less than 108 bytes.
        var template = Array("/tmp/connvo-pgb.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StartError(description: "mkdtemp: errno \(errno)") }
        directory = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        let file = "\(directory)/pgbouncer.ini"
        let settings = """
            [databases]
            * = host=\(server) port=\(port) user=\(login)
            [pgbouncer]
            unix_socket_dir = \(directory)
            listen_port = \(port)
            auth_type = any
            pool_mode = transaction
            default_pool_size = \(poolSize)
            max_client_conn = 100
            server_login_retry = 1
            logfile = \(directory)/log
            """
        try Data(settings.utf8).write(to: URL(fileURLWithPath: file))

        var arguments = ["--pdeathsig", "KILL"]
        if geteuid() == 0 {
            // PgBouncer refuses to run as root, so it runs as the user of the PostgreSQL server.
            var owner = stat()
            guard stat(server, &owner) == 0, chown(directory, owner.st_uid, owner.st_gid) == 0 else {
                throw StartError(description: "the owner of \(server): errno \(errno)")
            }
            chmod(directory, 0o711)
            arguments += ["--reuid=\(owner.st_uid)", "--regid=\(owner.st_gid)", "--clear-groups"]
            chmod(file, 0o644)
        }
        arguments += ["--", Self.program, "--quiet", file]
        process = try ChildProcess("/usr/bin/setpriv", arguments)
        // Not by the existence of the socket, which is there before PgBouncer listens on it.
        guard waitUntil(within: .seconds(10), { log.contains("process up") }) else {
            throw StartError(description: "pgbouncer does not start: \(log)")
        }
    }

    private var log: String { (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "" }

    deinit {
        process.kill()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The host for clients; the port is `PGPORT`.
    package var host: String { directory }
}
