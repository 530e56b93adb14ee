internal import NIOCore
internal import Persistence

/// Hands outcomes to one event loop: all of a batch in one hop.
final class EventLoopReplies: IssuanceReplies {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func deliver(_ answered: [(PendingIssuance, IssuanceOutcome)]) {
        eventLoop.execute {
            for (pending, outcome) in answered {
                pending.complete(outcome)
            }
        }
    }
}
