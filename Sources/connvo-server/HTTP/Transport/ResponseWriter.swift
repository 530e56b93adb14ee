internal import NIOCore

/// Sends responses that are complete, head and body, as bytes: on the socket's side of NIO's HTTP encoder.
///
/// Encoding them part by part costs a list of headers, three passages through the pipeline and a writev of two buffers.
final class ResponseWriter: ChannelOutboundHandler, RemovableChannelHandler {
    typealias OutboundIn = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Sends a whole response. On the channel's event loop only.
    func send(_ response: ByteBuffer, promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.writeAndFlush(NIOAny(response), promise: promise)
    }
}
