import Foundation
import Synchronization
import TestSupport

/// The program under test: its path and its environment.
enum Binary {
    /// `CONNVO_BINARY`, or the program that was built with the tests.
    static let url: URL = {
        if let path = ProcessInfo.processInfo.environment["CONNVO_BINARY"] { return URL(fileURLWithPath: path) }
        let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = products.appendingPathComponent("connvo-server")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return URL(fileURLWithPath: ".build/debug/connvo-server")
    }()

    /// Only the variables that a server needs, so that the developer's settings do not reach it.
    static func environment(_ settings: [String: String]) -> [String: String] {
        let inherited = ["PATH", "PGHOST", "PGPORT", "PGUSER", "TMPDIR"]
        return ProcessInfo.processInfo.environment
            .filter { inherited.contains($0.key) }
            .merging(settings) { $1 }
    }

    struct Result: Sendable {
        let status: Int32
        let output: String
        let errors: String
    }

    static func run(
        _ arguments: String...,
        settings: [String: String] = [:],
        input: String = "",
        files: [String: String] = [:]
    ) async throws -> Result {
        try await run(arguments, settings: settings, input: input, files: files)
    }

    /// Runs a command until it ends, in a directory that contains only `files`.
    static func run(
        _ arguments: [String],
        settings: [String: String] = [:],
        input: String = "",
        files: [String: String] = [:]
    ) async throws -> Result {
        try await onOwnThread {
            let folder = try Folder()
            for (name, text) in files { try folder.write(Array(text.utf8), to: name) }
            try folder.write(Array(input.utf8), to: "input")
            let process = try LaunchedProcess(arguments, settings: settings, folder: folder)
            guard let status = process.exitStatus(within: .seconds(60)) else {
                process.kill()
                throw LaunchedProcess.Failure(
                    description: "\(arguments) did not end: \(folder.text("output"))\(folder.text("errors"))"
                )
            }
            return Result(status: status, output: folder.text("output"), errors: folder.text("errors"))
        }
    }
}

/// A temporary directory. It is deleted with its last reference.
final class Folder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("connvo-tests-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Replaces the file as a whole, so that readers never see half of it.
    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: file(name)), options: .atomic)
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: file(name))
    }

    func text(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: file(name)) ?? Data(), as: UTF8.self)
    }
}

/// A process of the program under test. It is killed when the tests end, however they end.
final class LaunchedProcess: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let process: ChildProcess

    /// Its standard streams are the files `input`, `output` and `errors` of `folder`, its working directory is `folder`.
    init(_ arguments: [String], settings: [String: String], folder: Folder) throws {
        if !FileManager.default.fileExists(atPath: folder.file("input")) { try folder.write([], to: "input") }
        process = try ChildProcess(
            Binary.url.path,
            arguments,
            environment: Binary.environment(settings),
            directory: folder.path,
            streams: .init(
                input: .file(folder.file("input")),
                output: folder.file("output"),
                errors: folder.file("errors")
            )
        )
        ProcessReaper.watch(identifier)
    }

    deinit {
        kill()
    }

    var identifier: Int32 { process.identifier }

    var isRunning: Bool { process.isRunning }

    func signal(_ signal: Int32) { process.signal(signal) }

    /// Kills the process and waits until it has ended.
    func kill() {
        process.signal(SIGKILL)
        _ = exitStatus(within: .seconds(10))
    }

    /// The exit code, negative for a signal; nil when the process still runs after `limit`. Blocks.
    func exitStatus(within limit: Duration) -> Int32? {
        guard let status = process.exitStatus(within: limit) else { return nil }
        ProcessReaper.forget(identifier)
        return status
    }
}

/// Kills processes that the tests started when the tests die: a shell that waits for the end of its standard input.
private enum ProcessReaper {
    private struct Shell: Sendable {
        let process: ChildProcess
        /// The shell's standard input. The shell acts when it is closed, which the kernel does when the tests die.
        let input: Int32
    }

    private static let shell = Mutex<Shell?>(nil)

    static func watch(_ identifier: Int32) { tell("+ \(identifier)\n") }

    static func forget(_ identifier: Int32) { tell("- \(identifier)\n") }

    private static func tell(_ line: String) {
        shell.withLock { shell in
            if shell == nil { shell = start() }
            if let shell { _ = write(shell.input, line, line.utf8.count) }
        }
    }

    private static func start() -> Shell? {
        var ends: [Int32] = [-1, -1]
        // No other child may inherit an end of it.
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
        defer { close(ends[0]) }
        let process = try? ChildProcess(
            "/bin/sh",
            ["-c", script],
            environment: Binary.environment([:]),
            streams: .init(input: .descriptor(ends[0]))
        )
        return process.map { Shell(process: $0, input: ends[1]) }
    }

    private static let script = """
        trap '' INT TERM HUP
        kept=
        while read -r sign pid; do
            case $sign in
                +) kept="$kept $pid " ;;
                -) kept=$(printf '%s' "$kept" | sed "s/ $pid //") ;;
            esac
        done
        for pid in $kept; do kill -KILL "$pid" 2>/dev/null; done
        """
}
