internal import Glibc

/// A pipe with which other threads wake one that waits in poll(2).
///
/// (Linux's eventfd would take one descriptor instead of two, but Swift's Glibc module does not show it.)
package final class WakeDescriptor: Sendable {
    /// The end to poll for reading.
    let fileDescriptor: Int32
    private let writeEnd: Int32

    /// - Throws: ``DatabaseError`` when the process has no descriptor left.
    package init() throws(DatabaseError) {
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { pipe($0.bindMemory(to: Int32.self).baseAddress) }
        guard made == 0 else { throw DatabaseError(.unexpected, "pipe failed: errno \(errno)") }
        for end in [ends.0, ends.1] {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (fileDescriptor, writeEnd) = ends
    }

    deinit {
        close(fileDescriptor)
        close(writeEnd)
    }

    /// Wakes the waiting thread, now or the next time it waits. Never blocks: a full pipe is awake already.
    package func signal() {
        _ = withUnsafeBytes(of: 1 as UInt8) { write(writeEnd, $0.baseAddress, 1) }
    }

    /// Takes all signals so far, so that the next wait waits again.
    private func clear() {
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while read(fileDescriptor, buffer.baseAddress, buffer.count) == buffer.count {}
        }
    }

    /// Blocks until somebody signals, `socket` has input or has failed, or `deadline` passes.
    ///
    /// - Parameter socket: Also waited for when not negative.
    /// - Returns: Whether `socket` has something to say.
    @discardableResult
    package func wait(until deadline: Deadline, alsoFor socket: Int32 = -1) -> Bool {
        // poll(2) ignores negative descriptors.
        var descriptors = (
            pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        )
        _ = withUnsafeMutableBytes(of: &descriptors) {
            poll($0.bindMemory(to: pollfd.self).baseAddress, 2, deadline.millisecondsLeft)
        }
        if descriptors.0.revents != 0 { clear() }
        return descriptors.1.revents != 0
    }
}
