internal import NIOCore

/// Where one connection stands, shared by its handlers and confined to its event loop.
final class ConnectionPhase {
    enum Phase {
        /// Between requests.
        case idle
        /// The first byte of a request has come, its head is not complete.
        case receivingHead
        case receivingBody
        /// The request is complete, and its response is not.
        case answering
    }

    private(set) var phase = Phase.idle
    private(set) var since = NIODeadline.now()

    func enter(_ phase: Phase) {
        self.phase = phase
        since = .now()
    }
}
