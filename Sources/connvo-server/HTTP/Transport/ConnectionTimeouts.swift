internal import NIOCore
internal import NIOHTTP1

/// Ends connections whose client is too slow: to send a request's head or its body, to read the response, or to send
/// the next request.
///
/// First in the pipeline, where bytes are still bytes. One timer for each connection looks once a second; the request
/// path only notes when a phase began. Hummingbird's idle timeout resets with every part received, so a body that
/// comes byte by byte would keep its connection for ever; these limits are totals.
final class ConnectionTimeouts: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    struct Limits: Sendable {
        var head: TimeAmount = .seconds(5)
        var body: TimeAmount = .seconds(5)
        /// How long bytes of a response may stay unread by the client.
        var writeStall: TimeAmount = .seconds(10)
        var keepAlive: TimeAmount = .seconds(60)
    }

    /// Fired down the pipeline when a request did not arrive in time.
    enum Event: Sendable {
        case requestTimedOut
    }

    private let limits: Limits
    private let phase: ConnectionPhase
    private var timer: RepeatedTask?
    private var stalledSince: NIODeadline?

    init(limits: Limits, phase: ConnectionPhase) {
        self.limits = limits
        self.phase = phase
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            let (handler, context) = bound.value
            handler.look(context)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if phase.phase == .idle { phase.enter(.receivingHead) }
        context.fireChannelRead(data)
    }

    private func look(_ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        let now = NIODeadline.now()
        let unsent = (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        stalledSince = unsent == 0 ? nil : stalledSince ?? now
        if let stalledSince, now - stalledSince >= limits.writeStall { return context.close(promise: nil) }

        let elapsed = now - phase.since
        switch phase.phase {
        case .idle where elapsed >= limits.keepAlive:
            context.close(promise: nil)
        case .receivingHead where elapsed >= limits.head, .receivingBody where elapsed >= limits.body:
            context.fireUserInboundEventTriggered(Event.requestTimedOut)
        default:
            break
        }
    }
}
