internal import Foundation
internal import Glibc
internal import Persistence
internal import PostgreSQL

/// A PostgreSQL server for one test, which may change the settings of the whole server. It ends with this object, and
/// with the process of the tests.
package final class OwnServer: Sendable {
    package struct StartError: Error, CustomStringConvertible {
        package let description: String
    }

    private let process: ChildProcess
    private let directory: String
    /// The script ends when this end of its standard input is closed.
    private let input: Int32
    /// The directory of the server's socket.
    package let host: String
    /// A migrated database of it.
    package let database: TestDatabase

    /// Starts the server. Blocks for some seconds.
    package init() throws {
        var template = Array("/tmp/connvo-own.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw StartError(description: "mkdtemp: errno \(errno)") }
        let directory = template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw StartError(description: "pipe: errno \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let file = "\(directory)/host"
        process = try ChildProcess(
            "\(root.path)/scripts/with-postgres",
            ["/bin/sh", "-c", #"printf %s "$PGHOST" >"$0.new" && mv "$0.new" "$0" && cat"#, file],
            environment: ProcessInfo.processInfo.environment,
            streams: .init(input: .descriptor(ends[0]), errors: "\(directory)/errors")
        )
        self.directory = directory
        input = ends[1]
        guard waitUntil(within: .seconds(120), { FileManager.default.fileExists(atPath: file) }) else {
            let errors = (try? String(contentsOfFile: "\(directory)/errors", encoding: .utf8)) ?? ""
            throw StartError(description: "with-postgres does not start a server: \(errors)")
        }
        host = try String(contentsOfFile: file, encoding: .utf8)
        database = TestDatabase(name: "postgres", host: host)
        var connection = try database.connect()
        _ = try Migrator(.embedded(sha256: testChecksum)).up(on: &connection)
    }

    deinit {
        close(input)
        if process.exitStatus(within: .seconds(20)) == nil { process.kill() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Makes every COMMIT wait for a standby that does not exist, or no longer.
    package func requireStandby(_ isRequired: Bool) throws {
        let change =
            isRequired ? "SET synchronous_standby_names = 'FIRST 1 (missing)'" : "RESET synchronous_standby_names"
        try database.run("ALTER SYSTEM \(change)")
        try database.run("SELECT pg_reload_conf()")
    }
}
