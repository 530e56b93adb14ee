internal import NIOCore
internal import Synchronization

/// Where the connection of one client stands. Shared by its handlers, and confined to its event loop.
final class ClientConnection {
    enum Phase {
        /// The TLS handshake is not complete.
        case handshaking
        /// Between requests.
        case idle
        /// The head of a request is not complete.
        case receivingHead
        case receivingBody
        /// The request is complete, and its response is not.
        case answering
        /// The connection is a WebSocket.
        case webSocket
        /// The last response was sent. What the client still sends is dropped.
        case lingering

        /// Whether a request has begun whose response was not written.
        fileprivate var isAnswering: Bool {
            switch self {
            case .receivingBody, .answering: true
            case .handshaking, .idle, .receivingHead, .webSocket, .lingering: false
            }
        }
    }

    /// Fired in the pipeline when a handshake, a request, or a message of a WebSocket, did not arrive in time.
    struct RequestTimedOut: Sendable {}

    /// How many connections are in the phases between the head of a request and its response.
    final class AnsweringCount: Sendable {
        private let value = Atomic<Int>(0)

        var count: Int { value.load(ordering: .relaxed) }

        fileprivate func add(_ amount: Int) { value.wrappingAdd(amount, ordering: .relaxed) }
    }

    /// Whether connections are to end, each with its next response.
    final class Drain: Sendable {
        private let value = Atomic<Bool>(false)

        var hasBegun: Bool { value.load(ordering: .relaxed) }

        func begin() { value.store(true, ordering: .relaxed) }
    }

    let channel: any Channel
    /// The client's address, or its proxy's.
    let peer: String?
    private(set) var phase = Phase.receivingHead
    private(set) var since = NIODeadline.now()
    /// Whether bytes that still come are dropped before they are decoded.
    var discardsInput = false
    private let limits: ConnectionLimits
    private let answering: AnsweringCount
    private let drain: Drain
    /// Whether the client has sent anything.
    private var hasSpoken = false
    /// Bytes that were dropped, in all.
    private var discarded = 0
    private var stalledSince: NIODeadline?
    private var lingerTimer: Scheduled<Void>?
    /// Whether the connection is being closed for the sake of another one. With TLS that takes until the next turn.
    private var isGivenUp = false
    /// Where ``ConnectionTable`` has it.
    var index = 0

    /// A connection that has just been accepted. Its first head is awaited.
    init(_ channel: any Channel, limits: ConnectionLimits, answering: AnsweringCount, drain: Drain) {
        self.channel = channel
        self.limits = limits
        self.answering = answering
        self.drain = drain
        peer = (channel.remoteAddress?.ipAddress).map(IPAddress.unmapped)
    }

    /// Whether the connection is to end with its next response.
    var isDraining: Bool { drain.hasBegun }

    func enter(_ phase: Phase, at now: NIODeadline = .now()) {
        let change = (phase.isAnswering ? 1 : 0) - (self.phase.isAnswering ? 1 : 0)
        if change != 0 { answering.add(change) }
        self.phase = phase
        since = now
    }

    /// Bytes have come.
    func received() {
        hasSpoken = true
        switch phase {
        case .idle: enter(.receivingHead)
        case .webSocket: enter(.webSocket)
        case .handshaking, .receivingHead, .receivingBody, .answering, .lingering: break
        }
    }

    /// Bytes have come and were dropped. The client of a lingering connection may send only so many.
    func dropped(_ count: Int) {
        discarded += count
        if phase == .lingering, discarded > limits.lingerBytes { channel.close(promise: nil) }
    }

    /// The connection is a WebSocket from now on.
    func becomeWebSocket() {
        discardsInput = false
        enter(.webSocket)
    }

    /// The response to the last request was sent, and the sending direction is about to be closed.
    func linger() {
        enter(.lingering)
        discardsInput = true
        lingerTimer = channel.eventLoop.scheduleTask(in: limits.linger) { [channel] in channel.close(promise: nil) }
    }

    /// Closes the connection, so that another one has room.
    func giveUp() {
        isGivenUp = true
        channel.close(promise: nil)
    }

    /// The connection is gone.
    func ended() {
        if phase.isAnswering { answering.add(-1) }
        phase = .lingering
        lingerTimer?.cancel()
        lingerTimer = nil
    }

    /// How willingly the connection is given up for a new one; nil while it is being answered.
    ///
    /// From 0, the most willingly. On the first two the client waits for no response; on the last, it has not sent all
    /// of its request.
    var expendability: Int? {
        guard !isGivenUp else { return nil }
        return switch phase {
        case .lingering: 0
        case .handshaking, .idle, .webSocket: 1
        case .receivingHead where !hasSpoken: 1
        case .receivingHead, .receivingBody: 2
        case .answering: nil
        }
    }

    /// Ends the connection, or its request, where the client was too slow.
    func checkTimeouts(now: NIODeadline) {
        let unsent = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        stalledSince = unsent == 0 ? nil : stalledSince ?? now
        if let stalledSince, now - stalledSince >= limits.writeStall { return channel.close(promise: nil) }

        let elapsed = now - since
        switch phase {
        case .idle where elapsed >= limits.keepAlive:
            channel.close(promise: nil)
        case .handshaking where elapsed >= limits.handshake, .receivingHead where elapsed >= limits.head,
            .receivingBody where elapsed >= limits.body, .webSocket where elapsed >= limits.keepAlive:
            channel.pipeline.fireUserInboundEventTriggered(RequestTimedOut())
        default:
            break
        }
    }
}
