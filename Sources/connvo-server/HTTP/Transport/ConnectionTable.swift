internal import NIOCore
internal import Synchronization

/// All connections of one listener: admits them up to a number, ends those that are too slow, and ends all at shutdown.
final class ConnectionTable: Sendable {
    /// No connection is accepted: as many are answered as may be open, there is no memory for it, or the listener is about
    /// to close.
    struct Refused: Error {}

    private struct State {
        var count = 0
        var isClosing = false
        var allClosed: EventLoopPromise<Void>?
        var trim = HeapTrim()

        /// None is left, and none comes any more: what is to be told, once.
        mutating func takePromise() -> EventLoopPromise<Void>? {
            guard let promise = allClosed else { return nil }
            allClosed = nil
            isClosing = true
            return promise
        }
    }

    let limits: ConnectionLimits
    /// How many connections may be open.
    let capacity: Int
    private let memory: MemoryBudget?
    private let parts: [Part]
    private let drain = ClientConnection.Drain()
    private let state = Mutex(State())

    /// - Parameter memory: Connections are accepted only while it is not short; nil accepts them always.
    init(capacity: Int, limits: ConnectionLimits, memory: MemoryBudget? = nil, group: any EventLoopGroup) {
        self.capacity = capacity
        self.limits = limits
        self.memory = memory
        parts = group.makeIterator().map { Part($0) }
    }

    /// How many connections are open.
    var count: Int { state.withLock { $0.count } }

    /// How many connections wait for a response to a request of which the head is complete.
    var answeringCount: Int { parts.reduce(0) { $0 + $1.answering.count } }

    /// Takes a new connection on, on its event loop. Where there are too many, another one has to go for it.
    ///
    /// - Returns: Fails with ``Refused`` when none may go.
    func admit(_ channel: any Channel) -> EventLoopFuture<NIOLoopBound<ClientConnection>> {
        let eventLoop = channel.eventLoop
        guard let part = parts.first(where: { $0.eventLoop === eventLoop }) else {
            return eventLoop.makeFailedFuture(Refused())
        }
        let isWithin = state.withLock { state -> Bool? in
            if state.isClosing || memory?.isShort() == true { return nil }
            state.count += 1
            return state.count <= capacity
        }
        guard let isWithin else { return eventLoop.makeFailedFuture(Refused()) }
        channel.closeFuture.whenComplete { [self] _ in closed() }
        if isWithin { return eventLoop.makeSucceededFuture(part.add(channel, limits, drain)) }
        let others = parts.filter { $0 !== part }
        return Self.makeRoom([part] + others, on: eventLoop).flatMapThrowing { [limits, drain] in
            part.add(channel, limits, drain)
        }
    }

    /// Closes the connection of the first of these parts that has one to give up.
    private static func makeRoom(_ parts: [Part], on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        guard let part = parts.first else { return eventLoop.makeFailedFuture(Refused()) }
        let others = Array(parts.dropFirst())
        // On its own event loop at once: until then the new connection has a descriptor too many.
        if part.eventLoop === eventLoop {
            return part.closeMostExpendable() ? eventLoop.makeSucceededVoidFuture() : makeRoom(others, on: eventLoop)
        }
        return part.eventLoop.submit { part.closeMostExpendable() }.hop(to: eventLoop).flatMap { hasClosed in
            hasClosed ? eventLoop.makeSucceededVoidFuture() : makeRoom(others, on: eventLoop)
        }
    }

    private func closed() {
        let allClosed = state.withLock { state -> EventLoopPromise<Void>? in
            state.count -= 1
            return state.count == 0 ? state.takePromise() : nil
        }
        allClosed?.succeed()
    }

    /// Lets each connection end with its next response. New ones are still admitted.
    func startDraining() {
        drain.begin()
    }

    /// The listener has closed. Requests that have begun are answered, and then each connection is closed.
    ///
    /// A client may have sent its next request at this moment: connections between two requests stay for
    /// ``ConnectionLimits/lastRequest``, and one that comes is answered with `Connection: close`. So is what the listener
    /// had accepted last. Closing a connection at once would lose it (RFC 9112, section 9.5).
    ///
    /// - Returns: Succeeds when none is left.
    func quiesce(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        startDraining()
        let promise = eventLoop.makePromise(of: Void.self)
        let done = state.withLock { state in
            state.allClosed = promise
            return state.count == 0 ? state.takePromise() : nil
        }
        if let done {
            done.succeed()
        } else {
            eventLoop.scheduleTask(in: limits.lastRequest) { [self] in closeIdle() }
        }
        return promise.futureResult
    }

    /// Admits no connection any more, and closes each that is between two requests, the others with their response.
    private func closeIdle() {
        state.withLock { $0.isClosing = true }
        for part in parts {
            part.eventLoop.execute {
                for connection in part.all {
                    connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
                }
            }
        }
    }

    /// Closes all connections at once, also those that are being answered.
    func closeAll() {
        for part in parts {
            part.eventLoop.execute {
                for connection in part.all { connection.channel.close(promise: nil) }
            }
        }
    }

    /// Begins to end connections that are too slow, and to return the memory of those that have ended. Call it once.
    func start() {
        parts.first?.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { [self] _ in
            if state.withLock({ $0.trim.isDue(open: $0.count, now: .now()) }) { HeapTrim.run() }
        }
        for part in parts {
            part.eventLoop.scheduleRepeatedTask(initialDelay: .milliseconds(500), delay: .milliseconds(500)) { _ in
                let now = NIODeadline.now()
                for connection in part.all { connection.checkTimeouts(now: now) }
            }
        }
    }

    /// The connections of one event loop. All but `eventLoop` is confined to it.
    private final class Part: @unchecked Sendable {
        /// How many connections are looked at to find one that may go. More would take too long when there are
        /// thousands.
        private static let sampleSize = 64

        let eventLoop: any EventLoop
        /// Not confined.
        let answering = ClientConnection.AnsweringCount()
        private var connections: [ClientConnection] = []
        private var hand = 0

        init(_ eventLoop: any EventLoop) {
            self.eventLoop = eventLoop
        }

        func add(
            _ channel: any Channel,
            _ limits: ConnectionLimits,
            _ drain: ClientConnection.Drain
        ) -> NIOLoopBound<ClientConnection> {
            let connection = ClientConnection(channel, limits: limits, answering: answering, drain: drain)
            connection.index = connections.count
            connections.append(connection)
            let bound = NIOLoopBound(connection, eventLoop: eventLoop)
            channel.closeFuture.whenComplete { [self] _ in remove(bound.value) }
            return bound
        }

        private func remove(_ connection: ClientConnection) {
            let last = connections.removeLast()
            if last !== connection {
                connections[connection.index] = last
                last.index = connection.index
            }
        }

        /// Looks at the next connections in turn, and closes the most expendable; of equal ones, the one that has been
        /// so for the longest time.
        func closeMostExpendable() -> Bool {
            var chosen: (connection: ClientConnection, rank: Int)?
            for _ in 0..<min(Self.sampleSize, connections.count) {
                hand = hand + 1 < connections.count ? hand + 1 : 0
                let connection = connections[hand]
                guard connection.channel.isActive, let rank = connection.expendability else { continue }
                if let best = chosen, (best.rank, best.connection.since) <= (rank, connection.since) { continue }
                chosen = (connection, rank)
            }
            chosen?.connection.giveUp()
            return chosen != nil
        }

        /// A copy, because a connection that is closed removes itself.
        var all: [ClientConnection] { connections }
    }
}
