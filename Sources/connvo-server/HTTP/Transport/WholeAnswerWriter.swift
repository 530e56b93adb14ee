internal import NIOCore

/// Where answers that are complete, head and body, leave as bytes: on the socket's side of HTTP's encoder.
///
/// Encoding them part by part costs a list of headers, three passages through the pipeline and a writev of two buffers.
final class WholeAnswerWriter: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Sends a whole answer. On the channel's event loop only.
    func send(_ answer: ByteBuffer, promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.writeAndFlush(NIOAny(answer), promise: promise)
    }
}
