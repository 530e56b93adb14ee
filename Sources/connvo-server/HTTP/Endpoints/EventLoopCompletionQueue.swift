internal import NIOCore
internal import Persistence
internal import Synchronization

/// Calls completions on one event loop: all of a batch in one hop.
final class EventLoopCompletionQueue: CompletionQueue {
    private let eventLoop: any EventLoop

    private init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func run(_ completions: [IssuanceCompletion]) {
        eventLoop.execute {
            for completion in completions { completion() }
        }
    }

    /// One queue for each event loop, shared by all its connections: the engine hands over at once what belongs to one
    /// queue.
    final class Directory: Sendable {
        private let known = Mutex<[ObjectIdentifier: EventLoopCompletionQueue]>([:])

        func queue(on eventLoop: any EventLoop) -> EventLoopCompletionQueue {
            known.withLock { known in
                if let queue = known[ObjectIdentifier(eventLoop)] { return queue }
                let queue = EventLoopCompletionQueue(eventLoop)
                known[ObjectIdentifier(eventLoop)] = queue
                return queue
            }
        }
    }
}
