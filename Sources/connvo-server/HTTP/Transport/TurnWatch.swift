internal import NIOCore
internal import Synchronization

/// Says when an event loop has more calls to answer than it gets through, so that some are refused before they cost
/// anything.
///
/// A turn of the loop reads from every connection that has something to read, one after the other. What is read late in
/// a turn has waited in the kernel at least since the turn began, and no queue of ours shows that. As in CoDel, a single
/// long turn is a burst; when turns have been longer than ``target`` for ``interval`` without exception, calls that have
/// waited for longer than ``target`` are refused until a turn is shorter (Nichols, Jacobson: RFC 8289, section 4.2;
/// decision 0020).
///
/// `@unchecked` because all of it but `eventLoop` is confined to that loop.
final class TurnWatch: @unchecked Sendable {
    /// A new connection is answered in its third turn: a probe then takes less than 100 ms.
    static let target: TimeAmount = .milliseconds(25)
    static let interval: TimeAmount = .milliseconds(100)
    /// A turn with no more calls than this is long because the processor was given to others, which refusing does not
    /// change.
    static let leastCalls = 16

    private let eventLoop: any EventLoop
    private let now: () -> NIODeadline
    /// Nil between turns, and in a turn without calls.
    private var began: NIODeadline?
    private var calls = 0
    /// When the first of the turns began that were all too long; nil when the last one was not.
    private var longSince: NIODeadline?

    /// - Parameter now: Reads the clock.
    init(_ eventLoop: any EventLoop, now: @escaping () -> NIODeadline = { .now() }) {
        self.eventLoop = eventLoop
        self.now = now
    }

    /// A call has been read. Whether it is to be refused.
    func refusesCall() -> Bool {
        let now = now()
        guard let began else {
            began = now
            calls = 1
            // Tasks run when everything was read that there was to read.
            eventLoop.execute { [self] in turnEnded() }
            return false
        }
        calls += 1
        guard calls > Self.leastCalls, now - began > Self.target else { return false }
        let since = longSince ?? began
        longSince = since
        return now - since >= Self.interval
    }

    private func turnEnded() {
        if let began, calls <= Self.leastCalls || now() - began <= Self.target { longSince = nil }
        began = nil
    }

    /// One for each event loop, shared by all its connections.
    final class Directory: Sendable {
        private let known = Mutex<[ObjectIdentifier: TurnWatch]>([:])

        func watch(on eventLoop: any EventLoop) -> TurnWatch {
            known.withLock { known in
                if let watch = known[ObjectIdentifier(eventLoop)] { return watch }
                let watch = TurnWatch(eventLoop)
                known[ObjectIdentifier(eventLoop)] = watch
                return watch
            }
        }
    }
}
