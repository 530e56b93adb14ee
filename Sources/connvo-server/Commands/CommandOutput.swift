internal import FoundationEssentials
internal import Glibc

/// The destination of a command's output: standard output, or a file that appears complete or not at all.
///
/// A file is written under a temporary name beside it, and ``finish()`` renames it. Without ``finish()`` the old file
/// stays and the temporary one is deleted. A path that is not a regular file, such as a pipe or `/dev/null`, is written
/// to directly.
struct CommandOutput: ~Copyable {
    /// The reader of standard output has closed it, as `head` does after its last line.
    struct ReaderHasGone: Error {}

    private let descriptor: Int32
    /// Nil for standard output.
    private let path: String?
    /// The temporary name of the file; nil when it is written to directly.
    private let draft: String?
    private var buffer: [UInt8] = []
    private var isFinished = false

    private static let bufferSize = 64 * 1024

    /// - Parameters:
    ///   - path: A file; nil is standard output.
    ///   - isPrivate: Whether only the owner may read the file; otherwise the process's umask decides.
    /// - Throws: ``CommandFailure`` when the file cannot be made.
    static func opened(_ path: String?, isPrivate: Bool = false) throws -> CommandOutput {
        if let path { try file(path, isPrivate: isPrivate) } else { standardOutput() }
    }

    private static func standardOutput() -> CommandOutput {
        // Writing to a closed pipe must give EPIPE instead of ending the process.
        signal(SIGPIPE, SIG_IGN)
        return CommandOutput(descriptor: STDOUT_FILENO, path: nil, draft: nil)
    }

    private static func file(_ path: String, isPrivate: Bool) throws -> CommandOutput {
        // A symbolic link is kept: the file that it points to is replaced.
        let target = resolved(path)
        let type = try? FileManager.default.attributesOfItem(atPath: target)[.type] as? FileAttributeType
        if let type, type != .typeRegular {
            signal(SIGPIPE, SIG_IGN)
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(path) }
            return CommandOutput(descriptor: descriptor, path: path, draft: nil)
        }
        let draft = "\(target).\(UInt32.random(in: .min ... .max)).part"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isPrivate ? 0o600 : 0o666)
        guard descriptor >= 0 else { throw failure(path) }
        return CommandOutput(descriptor: descriptor, path: target, draft: draft)
    }

    private init(descriptor: Int32, path: String?, draft: String?) {
        self.descriptor = descriptor
        self.path = path
        self.draft = draft
    }

    deinit {
        guard path != nil, !isFinished else { return }
        close(descriptor)
        if let draft { unlink(draft) }
    }

    /// - Throws: ``ReaderHasGone``, or ``CommandFailure`` when writing fails.
    mutating func write(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Writes the rest of the buffer and, for a file, renames it.
    ///
    /// - Throws: As ``write(_:)``.
    mutating func finish() throws {
        try flush()
        guard let path else { return }
        // Synced before the rename: after a crash, the name must not refer to an incomplete file.
        if let draft {
            guard fsync(descriptor) == 0, rename(draft, path) == 0 else { throw Self.failure(path) }
        }
        isFinished = true
        guard close(descriptor) == 0 else { throw Self.failure(path) }
    }

    private mutating func flush() throws {
        var rest = buffer[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                if errno == EPIPE { throw ReaderHasGone() }
                throw Self.failure(path ?? "standard output")
            }
            rest = rest.dropFirst(written)
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(.failed, "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }

    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
