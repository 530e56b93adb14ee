internal import CLibPQ
internal import Glibc

extension Connection {
    struct Interest: OptionSet {
        let rawValue: Int16

        static let read = Interest(rawValue: Int16(POLLIN))
        static let write = Interest(rawValue: Int16(POLLOUT))
        static let readOrWrite: Interest = [.read, .write]
    }

    /// Blocks until the socket is ready for one of `interest`, or has failed, which is reported as readable.
    ///
    /// - Throws: ``DatabaseError/Kind/timedOut`` when `deadline` passes first.
    borrowing func wait(for interest: Interest, until deadline: Deadline) throws(DatabaseError) -> Interest {
        let socket = PQsocket(raw)
        guard socket >= 0 else { throw failure(.connectionLost) }
        while true {
            var descriptor = pollfd(fd: socket, events: interest.rawValue, revents: 0)
            let ready = poll(&descriptor, 1, deadline.millisecondsLeft)
            if ready > 0 {
                let failed = descriptor.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
                return failed ? .readOrWrite : Interest(rawValue: descriptor.revents)
            }
            if ready == 0, deadline.hasPassed {
                throw DatabaseError(.timedOut, "the server did not answer in time")
            }
            if ready < 0, errno != EINTR {
                throw DatabaseError(.unexpected, "poll failed: errno \(errno)")
            }
        }
    }
}
