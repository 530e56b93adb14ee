import Foundation
import TestSupport

/// A process of `connvo-server serve` on a free port.
final class RunningServer: Sendable {
    let port: Int
    /// Its working directory, with the key set and the log.
    let folder: Folder
    private let process: LaunchedProcess

    static let keySetFile = "jwks.json"

    private init(port: Int, folder: Folder, process: LaunchedProcess) {
        self.port = port
        self.folder = folder
        self.process = process
    }

    /// Starts a server and waits until it listens, on the admin port, too, where the test gave it one. Blocks.
    ///
    /// - Parameter settings: Added to the settings that every server needs. An empty value removes one.
    static func start(_ settings: [String: String], folder: Folder) throws -> RunningServer {
        let needed = [
            "HTTP_PORT": "0", "ADMIN_PORT": "0", "LOG_FORMAT": "json", "STREAM_GRANTS_CONFIRMED": "true",
            "WORKOS_JWKS_URL": "file://\(folder.file(keySetFile))", "DATABASE_POOL_SIZE": "2", "TOKENS_PER_MINUTE": "0",
        ]
        let process = try LaunchedProcess(
            ["serve"],
            settings: needed.merging(settings) { $1 }.filter { !$0.value.isEmpty },
            folder: folder
        )
        let deadline = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < deadline, process.isRunning {
            let log = folder.text("errors")
            let adminListens = settings["ADMIN_PORT"].map { log.contains("listening on 127.0.0.1:\($0)") } ?? true
            if adminListens, let port = listeningPort(in: log, besides: settings["ADMIN_PORT"]) {
                return RunningServer(port: port, folder: folder, process: process)
            }
            usleep(5000)
        }
        process.kill()
        throw LaunchedProcess.Failure(description: "serve did not start: \(folder.text("errors"))")
    }

    /// - Parameter adminPort: The port of the other listener, where the test gave it one.
    private static func listeningPort(in log: String, besides adminPort: String?) -> Int? {
        log.components(separatedBy: "listening on 127.0.0.1:").dropFirst()
            .compactMap { text -> Int? in
                let digits = text.prefix { $0.isNumber }
                // In a line that is not complete, no character follows the digits.
                return digits.endIndex < text.endIndex && digits != adminPort ?? "" ? Int(digits) : nil
            }
            .first
    }

    var log: String { folder.text("errors") }

    /// Waits until the status of `/readyz` is `status`.
    func waitUntilReady(_ status: Int = 200) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while try await send(WireRequest("GET", "/readyz")).status != status {
            guard ContinuousClock.now < deadline else {
                throw LaunchedProcess.Failure(description: "/readyz never answered \(status): \(log)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    func connect() async throws -> HTTPConnection { try await HTTPConnection.open(port: port) }

    /// Sends one request on a new connection.
    func send(_ request: WireRequest) async throws -> ReceivedResponse {
        let connection = try await connect()
        try await connection.send(request.bytes)
        return try await connection.answer(to: request.method)
    }

    func terminate() {
        signal(SIGTERM)
    }

    func signal(_ number: Int32) {
        process.signal(number)
    }

    var isRunning: Bool { process.isRunning }

    /// Waits until the process ends, and returns the exit code.
    func exitStatus() async throws -> Int32? {
        try await onOwnThread { [process] in process.exitStatus(within: .seconds(60)) }
    }

    /// Kills the process. Blocks.
    func kill() {
        process.kill()
    }
}
