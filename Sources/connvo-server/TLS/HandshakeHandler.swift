internal import NIOCore
internal import NIOTLS

/// Stands behind the TLS handler as long as the handshake lasts: says how it ended, and cuts it off when it takes too
/// long or the server is about to end. Then it leaves the pipeline, so that requests do not pass through it.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let connection: ClientConnection
    private let report: (HandshakeOutcome) -> Void
    private var hasEnded = false

    /// - Parameter report: Called once, unless the server itself ends first.
    init(_ connection: ClientConnection, report: @escaping (HandshakeOutcome) -> Void) {
        self.connection = connection
        self.report = report
        connection.enter(.handshaking)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted:
            end(.completed)
            connection.enter(.receivingHead)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        case is ClientConnection.RequestTimedOut:
            end(.timedOut)
            context.close(promise: nil)
        case is ChannelShouldQuiesceEvent:
            hasEnded = true
            context.close(promise: nil)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The TLS handler closes the connection.
        if let outcome = HandshakeOutcome(error) { end(outcome) }
    }

    private func end(_ outcome: HandshakeOutcome) {
        guard !hasEnded else { return }
        hasEnded = true
        report(outcome)
    }
}
