internal import FoundationEssentials
internal import Glibc

/// Where what a command was asked for goes: standard output, or a file that appears whole or not at all.
///
/// A file is written under another name beside it and moved into place by ``finish()``; without that, what was there
/// stays and nothing is left behind. Something that is no ordinary file, such as a pipe or `/dev/null`, is written to as
/// it is.
struct CommandOutput: ~Copyable {
    /// Whoever read standard output has gone, as `head` does when it has seen enough.
    struct ReaderHasGone: Error {}

    private let descriptor: Int32
    /// Nil for standard output.
    private let path: String?
    /// The name of the file while it is written; nil when it is written to in place.
    private let draft: String?
    private var buffer: [UInt8] = []
    private var isFinished = false

    private static let bufferSize = 64 * 1024

    /// - Parameters:
    ///   - path: A file; nil is standard output.
    ///   - isPrivate: Only the owner may read the file; otherwise whoever the process's umask lets.
    /// - Throws: ``CommandFailure`` when the file cannot be made.
    static func opened(_ path: String?, isPrivate: Bool = false) throws -> CommandOutput {
        if let path { try file(path, isPrivate: isPrivate) } else { standardOutput() }
    }

    private static func standardOutput() -> CommandOutput {
        // A reader that goes must be an error that can be seen, not the end of this process.
        signal(SIGPIPE, SIG_IGN)
        return CommandOutput(descriptor: STDOUT_FILENO, path: nil, draft: nil)
    }

    private static func file(_ path: String, isPrivate: Bool) throws -> CommandOutput {
        // A symbolic link stays one: what it points to is replaced.
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

    /// - Throws: ``ReaderHasGone``, or ``CommandFailure`` when it cannot be written.
    mutating func write(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Writes what is left and, for a file, makes it appear.
    ///
    /// - Throws: As ``write(_:)``.
    mutating func finish() throws {
        try flush()
        guard let path else { return }
        // On the disk before it has its name: a crash must not leave half a file under it.
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
