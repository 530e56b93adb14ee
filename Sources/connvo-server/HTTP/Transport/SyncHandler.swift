internal import ConvexAPI
internal import NIOCore
internal import NIOWebSocket

/// The WebSocket of a client that speaks Convex's sync protocol: answers its calls as ``SyncEndpoint`` says.
///
/// It ends with a Close frame (RFC 6455, section 7.4.1): 1001 when the client is silent for too long or the server is
/// about to end, 1007 for what is no JSON, 1009 for messages that are too large.
final class SyncHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// The largest message, in bytes. Larger ones could be sent only for calls that are refused anyway.
    static let messageLimit = 64 * 1024

    /// What has come of a message that is sent in several frames.
    private var fragments: [UInt8]?
    private var readIsDue = false
    private var isClosing = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .continuation:
            receive(frame, context: context)
        case .binary:
            close(.unacceptableData, context: context)
        case .ping:
            send(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData), context: context)
        case .connectionClose:
            close(.normalClosure, context: context)
        default:
            break
        }
    }

    private func receive(_ frame: WebSocketFrame, context: ChannelHandlerContext) {
        let bytes = Array(frame.unmaskedData.readableBytesView)
        // A message begins with a text frame, and only then is continued (RFC 6455, section 5.4).
        guard (fragments == nil) == (frame.opcode == .text) else { return close(.protocolError, context: context) }
        guard (fragments?.count ?? 0) + bytes.count <= Self.messageLimit else {
            return close(.messageTooLarge, context: context)
        }
        let message = (fragments ?? []) + bytes
        fragments = frame.fin ? nil : message
        guard frame.fin else { return }
        do {
            guard let response = try SyncEndpoint.response(to: message) else { return }
            send(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: response)), context: context)
        } catch {
            close(.dataInconsistentWithMessage, context: context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent, is ClientConnection.RequestTimedOut:
            close(.goingAway, context: context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Back-pressure

    func read(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            context.read()
        } else {
            readIsDue = true
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if readIsDue, context.channel.isWritable {
            readIsDue = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Sending

    private func send(_ frame: WebSocketFrame, context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    private func close(_ code: WebSocketErrorCode, context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        var data = context.channel.allocator.buffer(capacity: 2)
        data.write(webSocketErrorCode: code)
        let sent = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data)),
            promise: sent
        )
    }
}
