internal import Glibc
internal import PostgreSQL
internal import Synchronization

/// Writes log lines to a file descriptor on a thread of its own, so that a reader which stalls, or a full disk, never
/// blocks the thread that logs.
///
/// Lines wait in a buffer of limited size. A line that does not fit is dropped and counted; the next line that fits is
/// preceded by one that says how many were dropped.
final class LogWriter: Sendable {
    private struct Buffer: Sendable {
        var bytes: [UInt8] = []
        /// Lines dropped since the last line that was accepted.
        var droppedLines = 0
        /// Whether the thread has taken bytes that it has not written yet.
        var isWriting = false
        var isEnding = false
    }

    private let fileDescriptor: Int32
    private let byteLimit: Int
    private let droppedLine: @Sendable (Int) -> [UInt8]
    private let buffer = Mutex(Buffer())
    private let wake: WakeDescriptor
    private let thread = Mutex<DedicatedThread?>(nil)
    /// All lines dropped so far, for a metric.
    private let totalDropped = Atomic<Int>(0)

    /// Starts the thread.
    ///
    /// - Parameters:
    ///   - fileDescriptor: Where lines go. It may block, and its reader may go away: the process must ignore SIGPIPE.
    ///   - byteLimit: The most bytes that wait beside those being written.
    ///   - droppedLine: Makes the line, with its line feed, that says how many lines were dropped.
    /// - Throws: ``DatabaseError`` when the system gives no descriptor or no thread.
    init(
        fileDescriptor: Int32,
        byteLimit: Int = 1024 * 1024,
        droppedLine: @escaping @Sendable (Int) -> [UInt8]
    ) throws(DatabaseError) {
        self.fileDescriptor = fileDescriptor
        self.byteLimit = byteLimit
        self.droppedLine = droppedLine
        wake = try WakeDescriptor()
        let started = try DedicatedThread(name: "log-writer") { [self] in run() }
        thread.withLock { $0 = started }
    }

    /// Lines dropped since the start.
    var droppedLineCount: Int { totalDropped.load(ordering: .relaxed) }

    /// Hands a line over. Never blocks for longer than it takes to copy the line.
    ///
    /// - Parameter line: With its line feed.
    func append(_ line: [UInt8]) {
        let wakes = buffer.withLock { buffer -> Bool in
            guard buffer.bytes.count + line.count <= byteLimit else {
                buffer.droppedLines += 1
                totalDropped.add(1, ordering: .relaxed)
                return false
            }
            let wasEmpty = buffer.bytes.isEmpty
            if buffer.droppedLines > 0 {
                buffer.bytes += droppedLine(buffer.droppedLines)
                buffer.droppedLines = 0
            }
            buffer.bytes += line
            return wasEmpty
        }
        if wakes { wake.signal() }
    }

    /// Waits until every accepted line is written, for `limit` at most, and ends the thread. The last line says how many
    /// were dropped, if any were since the last accepted one. Blocks.
    func end(within limit: Duration) {
        buffer.withLock { buffer in
            if buffer.droppedLines > 0 { buffer.bytes += droppedLine(buffer.droppedLines) }
            buffer.droppedLines = 0
            buffer.isEnding = true
        }
        wake.signal()
        let deadline = Deadline.after(limit)
        while buffer.withLock({ $0.isWriting || !$0.bytes.isEmpty }), !deadline.hasPassed {
            deadline.sleep(atMost: .milliseconds(5))
        }
    }

    private func run() {
        while true {
            let (bytes, isDone) = buffer.withLock { buffer -> ([UInt8], Bool) in
                let bytes = buffer.bytes
                buffer.bytes = []
                buffer.isWriting = !bytes.isEmpty
                return (bytes, bytes.isEmpty && buffer.isEnding)
            }
            if isDone { return }
            if bytes.isEmpty {
                wake.wait(until: .after(.seconds(60)))
            } else {
                writeAll(bytes)
            }
        }
    }

    /// Writes until all is written or the descriptor fails for good, which loses the lines as a closed terminal does.
    private func writeAll(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while let start = UnsafeRawBufferPointer(rebasing: rest).baseAddress, !rest.isEmpty {
                let written = write(fileDescriptor, start, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    // The descriptor was made non-blocking by another process that shares it.
                    var descriptor = pollfd(fd: fileDescriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&descriptor, 1, 1000)
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
