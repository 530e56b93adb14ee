internal import NIOCore
internal import Persistence
internal import Synchronization

/// Hands outcomes to one event loop: all of a batch in one hop.
final class EventLoopReplies: CompletionQueue {
    private let eventLoop: any EventLoop

    private init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func run(_ completions: [IssuanceCompletion]) {
        eventLoop.execute {
            for completion in completions { completion() }
        }
    }

    /// One ``EventLoopReplies`` for each event loop, shared by all its connections: the engine gathers what belongs
    /// together by this object.
    final class Directory: Sendable {
        private let known = Mutex<[ObjectIdentifier: EventLoopReplies]>([:])

        func replies(on eventLoop: any EventLoop) -> EventLoopReplies {
            known.withLock { known in
                if let replies = known[ObjectIdentifier(eventLoop)] { return replies }
                let replies = EventLoopReplies(eventLoop)
                known[ObjectIdentifier(eventLoop)] = replies
                return replies
            }
        }
    }
}
