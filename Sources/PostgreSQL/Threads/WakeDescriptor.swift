internal import Glibc
internal import Synchronization

/// A pipe that wakes a thread in poll(2) from other threads.
///
/// (eventfd of Linux would need one descriptor instead of two, but Swift's Glibc module does not export it.)
///
/// ```swift
/// let wake = try WakeDescriptor()
/// wake.wait(until: .after(.seconds(1)))  // in the waiting thread
/// wake.signal()  // in another thread
/// ```
package final class WakeDescriptor: Sendable {
    /// The read end, for poll(2).
    let fileDescriptor: Int32
    private let writeEnd: Int32
    /// Whether there is a signal that no wait has consumed.
    private let hasSignal = Atomic<Bool>(false)

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

    /// Ends the current or the next wait. Never blocks, and asks nothing of the system while the signal before waits to
    /// be consumed.
    package func signal() {
        if hasSignal.exchange(true, ordering: .acquiringAndReleasing) { return }
        _ = withUnsafeBytes(of: 1 as UInt8) { write(writeEnd, $0.baseAddress, 1) }
    }

    /// Blocks until another thread has signalled, or until `deadline`. The signal stays for other threads to see.
    ///
    /// - Returns: Whether there is a signal.
    func isSignalled(by deadline: Deadline) -> Bool {
        while true {
            var descriptor = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, deadline.millisecondsLeft) > 0 { return true }
            if deadline.hasPassed { return false }
        }
    }

    /// Reads the pending signal, so that the next wait blocks.
    private func clear() {
        var signal: UInt8 = 0
        _ = read(fileDescriptor, &signal, 1)
        // After the byte is read: another one is written only when this is false. What the thread did that signalled
        // before this line is seen by the caller.
        _ = hasSignal.exchange(false, ordering: .acquiringAndReleasing)
    }

    /// Blocks until another thread signals, `socket` has input or has failed, or `deadline` passes.
    ///
    /// - Parameter socket: A second descriptor to wait for; a negative number is none.
    /// - Returns: Whether `socket` has input or has failed.
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
