internal import Glibc
internal import PostgreSQL
internal import SystemPackage

/// Reads a small file that a setting names: a secret, a key, certificates, a key set.
///
/// The size is limited while reading, and the time, too: a file may be on a mount that hangs, or be a pipe into which
/// no process writes.
struct SmallFile: Sendable {
    let path: String
    /// The most bytes that it may have.
    let byteLimit: Int
    /// How long opening and reading may take together.
    let timeLimit: Duration
    /// Whether a pipe is read, too, to its end: `<(command)` of a shell, or `/dev/stdin`. A pipe can be read once only.
    let acceptsPipe: Bool

    /// A file that is read once, when a command starts.
    static func readAtStart(_ path: String, byteLimit: Int = 64 * 1024) -> SmallFile {
        SmallFile(path: path, byteLimit: byteLimit, timeLimit: .seconds(5), acceptsPipe: true)
    }

    /// Why a file was not read. The description follows the path.
    enum Failure: Error, Equatable, CustomStringConvertible {
        /// A call of the system failed with this errno.
        case system(Int32)
        /// It is no file, but what this says.
        case notAFile(String)
        case tooLong(limit: Int)
        case timedOut(after: Duration)

        var description: String {
            switch self {
            case .system(let code): "cannot be read: \(String(cString: strerror(code)))"
            case .notAFile(let kind): "is \(kind), not a file"
            case .tooLong(let limit): "has more than \(limit) bytes"
            case .timedOut(let limit): "could not be read within \(limit.components.seconds) s"
            }
        }
    }

    /// Reads the whole file on a thread of its own. Blocks the calling thread, for the time limit at most.
    func contents() throws(Failure) -> [UInt8] {
        let result: Result<[UInt8], Failure>?
        do {
            result = try onThreadOfItsOwn(named: "file", within: timeLimit) { [self] in read() }
        } catch {
            throw .system(EAGAIN)
        }
        guard let result else { throw .timedOut(after: timeLimit) }
        return try result.get()
    }

    /// Fails where the path names no file, without opening it: a pipe can be opened once only. Blocks, for the time
    /// limit at most.
    func check() throws(Failure) {
        let result: Result<Void, Failure>?
        do {
            result = try onThreadOfItsOwn(named: "file", within: timeLimit) { [self] in
                check { () throws(Errno) in try FilePath(path).stat().type }
            }
        } catch {
            throw .system(EAGAIN)
        }
        guard let result else { throw .timedOut(after: timeLimit) }
        try result.get()
    }

    /// Whether the path names a pipe now. Blocks, for the time limit at most.
    var isPipe: Bool {
        let found = try? onThreadOfItsOwn(named: "file", within: timeLimit) { [self] in
            (try? FilePath(path).stat().type) == .fifo
        }
        return found ?? false
    }

    private func check(_ type: () throws(Errno) -> FileType) -> Result<Void, Failure> {
        do {
            switch try type() {
            case .regular: return .success(())
            case .fifo where acceptsPipe: return .success(())
            case .fifo: return .failure(.notAFile("a pipe"))
            case .directory: return .failure(.notAFile("a directory"))
            default: return .failure(.notAFile("a device or a socket"))
            }
        } catch {
            return .failure(.system(error.rawValue))
        }
    }

    /// Reads the whole file on the calling thread, for as long as it takes.
    func read() -> Result<[UInt8], Failure> {
        let deadline = Deadline.after(timeLimit)
        switch open() {
        case .failure(let failure):
            return .failure(failure)
        case .success(let descriptor):
            defer { close(descriptor) }
            return read(descriptor, until: deadline)
        }
    }

    /// Opens the file without waiting for a writer, and never makes a terminal the controlling one.
    private func open() -> Result<Int32, Failure> {
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else { return .failure(.system(errno)) }
        let checked = check { () throws(Errno) in try FileDescriptor(rawValue: descriptor).stat().type }
        if case .failure = checked { close(descriptor) }
        return checked.map { descriptor }
    }

    private func read(_ descriptor: Int32, until deadline: Deadline) -> Result<[UInt8], Failure> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        // Linux reports no end of a pipe that had no writer since it was opened; so wait for the first byte, or the end.
        var mayBeRead = false
        while true {
            if !mayBeRead {
                var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                poll(&wanted, 1, deadline.millisecondsLeft)
                if wanted.revents == 0 {
                    if deadline.hasPassed { return .failure(.timedOut(after: timeLimit)) }
                    continue
                }
                mayBeRead = true
            }
            let count = Glibc.read(descriptor, &chunk, min(chunk.count, byteLimit + 1 - bytes.count))
            if count == 0 { return .success(bytes) }
            if count > 0 {
                bytes += chunk.prefix(count)
                if bytes.count > byteLimit { return .failure(.tooLong(limit: byteLimit)) }
            } else if errno == EAGAIN {
                mayBeRead = false
            } else if errno != EINTR {
                return .failure(.system(errno))
            }
        }
    }
}
