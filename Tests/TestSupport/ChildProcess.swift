internal import Glibc
internal import Synchronization

/// A process that a test has started. It is killed with this object.
///
/// Not Foundation's `Process`: on Linux that detects the end of a child by the closing of a socket that only the child
/// should hold, and never detects it when another child, spawned at the same moment, inherits the socket. This type
/// calls waitpid(2).
package final class ChildProcess: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// The child's standard streams.
    package struct Streams: Sendable {
        package enum Input: Sendable {
            case file(String)
            /// A descriptor of this process. The child gets a copy.
            case descriptor(Int32)
        }

        package var input: Input
        /// A file that is created or truncated.
        package var output: String
        package var errors: String

        package init(input: Input = .file("/dev/null"), output: String = "/dev/null", errors: String = "/dev/null") {
            self.input = input
            self.output = output
            self.errors = errors
        }
    }

    package let identifier: Int32
    /// The result of `waitpid`; nil while the process runs.
    private let status = Mutex<Int32?>(nil)

    /// Starts a process, with default signals.
    ///
    /// - Parameters:
    ///   - program: The path of an executable file.
    ///   - environment: The whole environment of the process.
    ///   - directory: The working directory; nil for the current one.
    /// - Throws: ``Failure`` when the process cannot be started.
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

        // The shell changes the directory and then replaces itself by the program.
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

    /// Sends a signal, unless the process has ended: then another process may have its identifier.
    package func signal(_ signal: Int32) {
        status.withLock { status in
            if poll(&status) == nil { Glibc.kill(identifier, signal) }
        }
    }

    /// Kills the process and waits until it has ended.
    package func kill() {
        signal(SIGKILL)
        _ = exitStatus(within: .seconds(10))
    }

    /// The exit code, negative for a signal; nil when the process still runs after `limit`. Blocks.
    package func exitStatus(within limit: Duration) -> Int32? {
        let deadline = ContinuousClock.now + limit
        while true {
            if let status = endStatus {
                // As the macros of <sys/wait.h> do.
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

/// Passes a null-terminated array of C strings to `body`. It is valid only during the call.
private func withCStrings<Value>(
    _ strings: [String],
    _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Value
) -> Value {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return body(&pointers)
}
