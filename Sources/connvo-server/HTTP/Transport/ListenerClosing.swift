internal import Glibc
internal import NIOCore

extension Channel {
    /// Closes a listener at a moment at which no connection waits to be accepted.
    ///
    /// The kernel completes connections on its own, and resets those that are not accepted when the listener closes.
    /// Their clients may have sent a request. So it is closed only when there are none and the last accepted one belongs
    /// to its event loop, which takes one or two turns; clients that connect all the time may delay it by `limit`.
    func closeWhenAllAreAccepted(within limit: TimeAmount = .milliseconds(500)) async throws {
        let promise = eventLoop.makePromise(of: Void.self)
        eventLoop.execute { [self] in closeOrWait(until: .now() + limit, promise) }
        try await promise.futureResult.get()
    }

    private func closeOrWait(until deadline: NIODeadline, _ promise: EventLoopPromise<Void>) {
        waitingConnections.whenComplete { [self] waiting in
            let gate = try? pipeline.syncOperations.handler(type: AcceptGate.self)
            let isBusy = gate?.isBusy == true || (try? waiting.get()).map { $0 > 0 } == true
            guard isBusy, .now() < deadline else { return close(promise: promise) }
            eventLoop.scheduleTask(in: .milliseconds(1)) { [self] in closeOrWait(until: deadline, promise) }
        }
    }

    /// How many connections the kernel has completed that were not accepted. Of a listener, `tcpi_unacked` is that (Linux,
    /// `tcp_get_info` in net/ipv4/tcp.c). Zero where it cannot be told.
    private var waitingConnections: EventLoopFuture<Int> {
        guard let socket = self as? any SocketOptionProvider else { return eventLoop.makeSucceededFuture(0) }
        return socket.getTCPInfo().map { Int($0.tcpi_unacked) }
    }
}
