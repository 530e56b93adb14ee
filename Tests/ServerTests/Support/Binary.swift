import Foundation
import Synchronization
import TestSupport

/// The program under test, and how it is started.
enum Binary {
    /// `CONNVO_BINARY`, or what was built beside the tests.
    static let url: URL = {
        if let path = ProcessInfo.processInfo.environment["CONNVO_BINARY"] { return URL(fileURLWithPath: path) }
        let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = products.appendingPathComponent("connvo-server")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return URL(fileURLWithPath: ".build/debug/connvo-server")
    }()

    /// Only what a server needs: settings of the developer's own must not reach it.
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

    /// Runs a command to its end, in a directory that holds `files` and nothing else.
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
                throw LaunchedProcess.Failure(description: "\(arguments) did not end")
            }
            return Result(status: status, output: folder.text("output"), errors: folder.text("errors"))
        }
    }
}

/// A directory that goes when nobody holds it any more.
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

    /// Replaces the file as a whole: no reader sees half of it.
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

/// A process of the program under test. It does not outlive the tests, however they end.
final class LaunchedProcess: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let identifier: Int32
    private let process: Process

    /// Its standard streams are the files `input`, `output` and `errors` of `folder`, its working directory is `folder`.
    init(_ arguments: [String], settings: [String: String], folder: Folder) throws {
        process = try ProcessLauncher.launch { process in
            process.executableURL = Binary.url
            process.arguments = arguments
            process.environment = Binary.environment(settings)
            process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
            for name in ["input", "output", "errors"] where !FileManager.default.fileExists(atPath: folder.file(name)) {
                try folder.write([], to: name)
            }
            process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.file("input")))
            process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("output")))
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.file("errors")))
        }
        identifier = process.processIdentifier
        Keeper.watch(identifier)
    }

    deinit {
        kill()
    }

    var isRunning: Bool { process.isRunning }

    func signal(_ signal: Int32) {
        if process.isRunning { Glibc.kill(identifier, signal) }
    }

    /// Ends it at once and waits for that.
    func kill() {
        signal(SIGKILL)
        _ = exitStatus(within: .seconds(10))
    }

    /// The exit code, negative for a signal; nil when it still runs after `limit`. Blocks.
    func exitStatus(within limit: Duration) -> Int32? {
        let deadline = ContinuousClock.now + limit
        while process.isRunning {
            guard ContinuousClock.now < deadline else { return nil }
            usleep(5000)
        }
        Keeper.forget(identifier)
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }
}

/// Kills what the tests started when the tests themselves die: a shell that waits for the end of its standard input.
private enum Keeper {
    private static let input = Mutex<FileHandle?>(nil)

    static func watch(_ identifier: Int32) { tell("+ \(identifier)\n") }

    static func forget(_ identifier: Int32) { tell("- \(identifier)\n") }

    private static func tell(_ line: String) {
        input.withLock { input in
            if input == nil { input = start() }
            try? input?.write(contentsOf: Data(line.utf8))
        }
    }

    private static func start() -> FileHandle? {
        let process = try? ProcessLauncher.launch { process in
            process.executableURL = URL(fileURLWithPath: "/bin/sh")
            process.arguments = ["-c", script]
            process.standardInput = Pipe()
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
        }
        return (process?.standardInput as? Pipe)?.fileHandleForWriting
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
