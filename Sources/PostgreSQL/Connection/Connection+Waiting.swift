internal import CLibPQ
internal import Glibc

extension Connection {
    struct Interest: OptionSet {
        let rawValue: Int16

        static let read = Interest(rawValue: Int16(POLLIN))
        static let write = Interest(rawValue: Int16(POLLOUT))
        static let readOrWrite: Interest = [.read, .write]
    }

    /// In milliseconds, how often a wait asks whether the server has fallen silent.
    private static let silenceLook: Int32 = 250
    /// How many of these a wait lasts at least before it ends for that.
    private static let leastLooks = 4

    /// Blocks until the socket is ready for one of `interest`, or has failed, which is reported as readable.
    ///
    /// - Throws: ``DatabaseError/Kind/timedOut`` when `deadline` passes first; ``DatabaseError/Kind/connectionLost`` when
    ///   the server has fallen silent (``serverFellSilent``).
    borrowing func wait(for interest: Interest, until deadline: Deadline) throws(DatabaseError) -> Interest {
        let socket = PQsocket(raw)
        guard socket >= 0 else { throw failure(.connectionLost) }
        // Most waits are shorter than one look, so the clock is not read for them.
        var looks = 0
        while true {
            var descriptor = pollfd(fd: socket, events: interest.rawValue, revents: 0)
            let left = deadline.millisecondsLeft
            let look = serverFellSilent == nil ? left : min(left, Self.silenceLook)
            let ready = poll(&descriptor, 1, look)
            if ready > 0 {
                let failed = descriptor.revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0
                return failed ? .readOrWrite : Interest(rawValue: descriptor.revents)
            }
            if ready == 0, deadline.hasPassed {
                throw DatabaseError(.timedOut, "the server did not answer in time")
            }
            if ready == 0 {
                looks += 1
                if looks >= Self.leastLooks, let silentSince = serverFellSilent?(),
                    silentSince >= .now - .milliseconds(Int(Self.silenceLook) * looks)
                {
                    throw DatabaseError(.connectionLost, "the server has stopped answering, other connections included")
                }
            }
            if ready < 0, errno != EINTR {
                throw DatabaseError(.unexpected, "poll failed: errno \(errno)")
            }
        }
    }
}
