internal import Glibc
internal import PostgreSQL
internal import Synchronization

/// Catches signals, and hands their numbers to a thread that waits for them.
///
/// The handler writes one byte into a pipe, which is all that a signal handler may do (signal-safety(7)). It works
/// while all other threads hang, and loses no signal that comes twice.
struct SignalPipe: Sendable {
    private let readEnd: Int32

    /// Catches these signals from now on, for the rest of the process's life.
    ///
    /// - Throws: ``DatabaseError`` when the process has no descriptor left.
    static func catching(_ signals: [Int32]) throws(DatabaseError) -> SignalPipe {
        var ends: (Int32, Int32) = (-1, -1)
        let made = withUnsafeMutableBytes(of: &ends) { pipe($0.bindMemory(to: Int32.self).baseAddress) }
        guard made == 0 else { throw DatabaseError(.unexpected, "pipe failed: errno \(errno)") }
        for end in [ends.0, ends.1] {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        // Before the first handler runs: it must not be the one that initializes this variable.
        writeEnd.store(ends.1, ordering: .sequentiallyConsistent)
        for number in signals {
            signal(number) { number in
                let saved = errno
                var byte = UInt8(truncatingIfNeeded: number)
                _ = write(writeEnd.load(ordering: .relaxed), &byte, 1)
                errno = saved
            }
        }
        return SignalPipe(readEnd: ends.0)
    }

    /// Lets the calling thread take these signals, so that there is one that does: threads of libdispatch block them.
    func unblock(_ signals: [Int32]) {
        var set = sigset_t()
        sigemptyset(&set)
        for number in signals { sigaddset(&set, number) }
        pthread_sigmask(SIG_UNBLOCK, &set, nil)
    }

    /// Blocks until a signal comes, and returns its number; nil when `deadline` passes first.
    func next(until deadline: Deadline) -> Int32? {
        while true {
            var byte: UInt8 = 0
            if read(readEnd, &byte, 1) == 1 { return Int32(byte) }
            if deadline.hasPassed { return nil }
            var descriptor = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
            poll(&descriptor, 1, deadline.millisecondsLeft)
        }
    }
}

/// The pipe's end for the handler, which has no other way to find it.
private let writeEnd = Atomic<Int32>(-1)
