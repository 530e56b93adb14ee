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
/// `@unchecked` because it is confined to its event loop.
final class TurnWatch: @unchecked Sendable {
    /// A new connection is answered in its third turn: a probe then takes less than 100 ms.
    static let target: TimeAmount = .milliseconds(25)
    static let interval: TimeAmount = .milliseconds(100)
    /// A turn with no more calls than this is long because the processor was given to others, which refusing does not
    /// change.
    static let leastCalls = 16

    private let now: () -> NIODeadline
    private let atEndOfTurn: (@escaping @Sendable () -> Void) -> Void
    /// Nil between turns, and in a turn without calls.
    private var began: NIODeadline?
    private var calls = 0
    /// When the first of the turns began that were all too long; nil when the last one was not.
    private var longSince: NIODeadline?

    /// - Parameters:
    ///   - now: Reads the clock.
    ///   - atEndOfTurn: Has its argument called when everything was read that there was to read.
    init(
        now: @escaping () -> NIODeadline = { .now() },
        atEndOfTurn: @escaping (@escaping @Sendable () -> Void) -> Void
    ) {
        self.now = now
        self.atEndOfTurn = atEndOfTurn
    }

    /// A call has been read. Whether it is to be refused.
    func refusesCall(at now: NIODeadline) -> Bool {
        guard let began else {
            began = now
            calls = 1
            atEndOfTurn { [self] in turnEnded() }
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
                // A loop runs tasks behind all that it reads in a turn.
                let watch = TurnWatch { eventLoop.execute($0) }
                known[ObjectIdentifier(eventLoop)] = watch
                return watch
            }
        }
    }
}
