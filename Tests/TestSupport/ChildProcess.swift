internal import Glibc
internal import Synchronization

/// A process that a test has started. It does not outlive the object.
///
/// Not Foundation's `Process`: on Linux that hears of a child's end when a socket is closed which the child was to hold
/// alone, and never hears of it when another child, spawned at the same moment, holds it too. This asks the kernel.
package final class ChildProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// What the child's standard streams are.
    package struct Streams: Sendable {
        package enum Input: Sendable {
            case file(String)
            /// A descriptor of ours, which the child gets a copy of.
            case descriptor(Int32)
        }

        package var input: Input
        /// A file that is emptied, or made, first.
        package var output: String
        package var errors: String

        package init(input: Input = .file("/dev/null"), output: String = "/dev/null", errors: String = "/dev/null") {
            self.input = input
            self.output = output
            self.errors = errors
        }
    }

    package let identifier: Int32
    /// What `waitpid` said; nil while it runs.
    private let status = Mutex<Int32?>(nil)

    /// Starts a process, with default signals.
    ///
    /// - Parameters:
    ///   - program: The path of an executable file.
    ///   - environment: All that it gets.
    ///   - directory: Its working directory; nil for ours.
    /// - Throws: ``Failure`` when it cannot be started.
    package init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        directory: String? = nil,
        streams: Streams = Streams()
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        switch streams.input {
        case .file(let path): posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0)
        case .descriptor(let descriptor): posix_spawn_file_actions_adddup2(&actions, descriptor, 0)
        }
        for (number, path) in [(1 as Int32, streams.output), (2, streams.errors)] {
            posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (all, none) = (sigset_t(), sigset_t())
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        // The shell goes there and becomes the program.
        let move = directory.map { ["/bin/sh", "-c", #"cd "$0" && exec "$@""#, $0] } ?? []
        let words = move + [program] + arguments
        var identifier: pid_t = 0
        let failure = withCStrings(words) { arguments in
            withCStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&identifier, words[0], &actions, &attributes, arguments, environment)
            }
        }
        guard failure == 0 else { throw Failure(description: "\(program): errno \(failure)") }
        self.identifier = identifier
    }

    deinit {
        kill()
    }

    package var isRunning: Bool { endStatus == nil }

    /// Sends a signal, unless the process has ended: its identifier may be another's by then.
    package func signal(_ signal: Int32) {
        status.withLock { status in
            if poll(&status) == nil { Glibc.kill(identifier, signal) }
        }
    }

    /// Ends it at once and waits for that.
    package func kill() {
        signal(SIGKILL)
        _ = exitStatus(within: .seconds(10))
    }

    /// The exit code, negative for a signal; nil when it still runs after `limit`. Blocks.
    package func exitStatus(within limit: Duration) -> Int32? {
        let deadline = ContinuousClock.now + limit
        while true {
            if let status = endStatus {
                // As the macros of <sys/wait.h> take it apart.
                return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
            }
            guard ContinuousClock.now < deadline else { return nil }
            usleep(2000)
        }
    }

    private var endStatus: Int32? { status.withLock { poll(&$0) } }

    private func poll(_ status: inout Int32?) -> Int32? {
        var found: Int32 = 0
        if status == nil, waitpid(identifier, &found, WNOHANG) == identifier { status = found }
        return status
    }
}

/// A null-terminated array of C strings, valid during `body`.
private func withCStrings<Value>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}
