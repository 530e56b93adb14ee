import Foundation
import Logging
import TestSupport
import Testing

@testable import connvo_server

/// What signals do to `serve`, and that a shutdown ends.
@Suite struct SignalTests {
    @Test func `SIGUSR1, SIGUSR2 and SIGHUP end neither the process nor a request in progress`() async throws {
        try await ServerFixture.with { fixture in
            // Half of a request is in progress until the test sends the rest.
            let request = WireRequest.call(try Tokens.bearer(SeedData.host))
            let connection = try await fixture.server.connect()
            try await connection.send(Array(request.bytes.dropLast(10)))
            for number in [SIGHUP, SIGUSR1, SIGUSR2, SIGHUP, SIGHUP] { fixture.server.signal(number) }
            try await eventually { Self.lines(of: fixture, naming: "SIGUSR2").count == 1 }
            try await connection.send(Array(request.bytes.suffix(10)))
            #expect(try await connection.answer().status == 200)
            #expect(try await fixture.call().status == 200)
            // Each is said once.
            for name in ["SIGUSR1", "SIGUSR2"] { #expect(Self.lines(of: fixture, naming: name).count == 1) }

            fixture.server.terminate()
            #expect(try await fixture.server.exitStatus() == 0)
        }
    }

    @Test(arguments: [(SIGTERM, SIGTERM), (SIGTERM, SIGINT), (SIGINT, SIGTERM)])
    func `the second signal that ends the process ends it at once`(first: Int32, second: Int32) async throws {
        let code = 128 + second
        try await ServerFixture.with { fixture in
            fixture.server.signal(first)
            try await eventually { fixture.server.log.contains("Shutting down") }
            fixture.server.signal(second)
            #expect(try await fixture.server.exitStatus() == code)
            #expect(fixture.server.log.split(separator: "\n").last?.contains(#""exit_code":"\#(code)""#) == true)
        }
    }

    @Test func `SIGTERM while the server starts ends it, though there is nothing to finish`() async throws {
        // The start takes five seconds: a slow machine may need another try.
        var status: Int32?
        for _ in 0..<4 where status != 143 { status = try await terminateWhileStarting() }
        #expect(status == 143)
    }

    private func terminateWhileStarting() async throws -> Int32? {
        let silent = try SilentListener()
        let folder = try Folder()
        let process = try LaunchedProcess(
            ["serve"],
            settings: [
                "DATABASE_URL": "postgresql:///nowhere?host=/nonexistent",
                "STREAM_API_SECRET": String(repeating: "s", count: 32),
                "ALLOW_DEVELOPMENT_TOKENS": "true", "WORKOS_JWKS_URL": "https://127.0.0.1:\(silent.port)/jwks",
                "HTTP_PORT": "0", "ADMIN_PORT": "0",
            ],
            folder: folder
        )
        // It waits for the key set now, and does not listen yet.
        try await eventually { folder.text("errors").contains("Unless role") }
        process.signal(SIGTERM)
        return try await onOwnThread { process.exitStatus(within: .seconds(30)) }
    }

    @Test func `a shutdown that takes too long ends, though every cooperative thread hangs`() async {
        await #expect(processExitsWith: .exitCode(1)) {
            try Self.hang(limit: .milliseconds(300), signals: [SIGTERM])
        }
    }

    @Test func `a second signal ends the process, though every cooperative thread hangs`() async {
        await #expect(processExitsWith: .exitCode(130)) {
            try Self.hang(limit: .seconds(3600), signals: [SIGTERM, SIGINT])
        }
    }

    /// Watches signals, blocks more threads than the cooperative pool has, and sends the signals.
    private static func hang(limit: Duration, signals: [Int32]) throws {
        let watch = try SignalWatch(limit: limit)
        let writer = try LogWriter(fileDescriptor: STDERR_FILENO) { _ in [] }
        watch.serve(logger: Logger(label: "test"), logWriter: writer) { Task { exit(0) } }
        for _ in 0..<1000 { Task.detached { while true { sleep(3600) } } }
        for number in signals {
            kill(getpid(), number)
            // One that is pending absorbs the next of its kind; the two kinds arrive in the order of their numbers.
            usleep(100_000)
        }
        while true { sleep(3600) }
    }

    private static func lines(of fixture: ServerFixture, naming signal: String) -> [Substring] {
        fixture.server.log.split(separator: "\n").filter { $0.contains(#""signal":"\#(signal)""#) }
    }
}
