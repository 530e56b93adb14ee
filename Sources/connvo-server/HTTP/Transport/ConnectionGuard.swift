internal import NIOCore

/// Sees the bytes of a connection before they are decoded: notes that they have come, and drops those that no code will
/// read.
final class ConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ClientConnection

    init(_ connection: ClientConnection) {
        self.connection = connection
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !connection.discardsInput else { return connection.dropped(unwrapInboundIn(data).readableBytes) }
        connection.received()
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        connection.ended()
        context.fireChannelInactive()
    }
}
