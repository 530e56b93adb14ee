internal import Glibc

/// The destination of a command's results: standard output, or a file that appears complete or not at all.
///
/// A regular file is replaced by ``finish()``, and stays as it was without; see ``FileReplacement``. Another path, such
/// as a pipe or `/dev/null`, is written to directly.
struct CommandOutput: ~Copyable {
    /// The reader has closed its end of the pipe, as `head` does after its last line.
    struct ReaderHasGone: Error {}

    private let descriptor: Int32
    /// As a message names it.
    private let name: String
    /// Nil where the bytes go to their destination directly.
    private let replacement: FileReplacement?
    private let isOwned: Bool
    private var buffer: [UInt8] = []

    private static let bufferSize = 64 * 1024

    /// - Parameters:
    ///   - path: A file; nil is standard output.
    ///   - isPrivate: Whether only the owner may read a file that is new; otherwise the process's umask decides. A file
    ///     that exists keeps its mode.
    /// - Throws: ``CommandFailure`` when the file cannot be made.
    static func opened(_ path: String?, isPrivate: Bool = false) throws -> CommandOutput {
        if let path { try file(path, isPrivate: isPrivate) } else { standard() }
    }

    static func standard() -> CommandOutput {
        CommandOutput(descriptor: STDOUT_FILENO, name: "standard output", replacement: nil, isOwned: false)
    }

    private static func file(_ path: String, isPrivate: Bool) throws -> CommandOutput {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG {
            let descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw failure(path, errno) }
            return CommandOutput(descriptor: descriptor, name: path, replacement: nil, isOwned: true)
        }
        do {
            let replacement = try FileReplacement(of: path, isPrivate: isPrivate)
            return CommandOutput(
                descriptor: replacement.descriptor,
                name: path,
                replacement: replacement,
                isOwned: false
            )
        } catch {
            throw failure(path, error.number)
        }
    }

    private init(descriptor: Int32, name: String, replacement: FileReplacement?, isOwned: Bool) {
        self.descriptor = descriptor
        self.name = name
        self.replacement = replacement
        self.isOwned = isOwned
    }

    deinit {
        if isOwned { close(descriptor) }
    }

    /// - Throws: ``ReaderHasGone``, or ``CommandFailure`` when writing fails.
    mutating func write(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= Self.bufferSize { try flush() }
    }

    /// Writes what is in the buffer.
    ///
    /// - Throws: As ``write(_:)``.
    mutating func flush() throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        let failure = Self.write(buffer[...], to: descriptor)
        if failure == EPIPE { throw ReaderHasGone() }
        if failure != 0 { throw Self.failure(name, failure) }
    }

    /// Writes the rest of the buffer, and puts a file in the place of the old one.
    ///
    /// - Throws: As ``write(_:)``.
    mutating func finish() throws {
        try flush()
        if let replacement {
            do {
                try replacement.publish()
            } catch {
                throw Self.failure(name, error.number)
            }
        } else {
            // A file system that writes later, such as NFS, says that it could not when a descriptor is closed.
            let copy = dup(descriptor)
            guard copy >= 0 else { throw Self.failure(name, errno) }
            guard close(copy) == 0 else { throw Self.failure(name, errno) }
        }
    }

    /// Writes all `bytes`. Returns 0, or the error number.
    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32 {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                return errno
            }
            rest = rest.dropFirst(written)
        }
        return 0
    }

    private static func failure(_ name: String, _ number: Int32) -> CommandFailure {
        CommandFailure(.failed, "\(name) cannot be written: \(String(cString: strerror(number)))")
    }
}
