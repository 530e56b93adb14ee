import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization

/// A client with NIOSSL: sends bytes over TLS and collects what comes back.
final class TLSClient: Sendable {
    private struct State: Sendable {
        var received: [UInt8] = []
        var closedCleanly = false
        var isClosed = false
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let client: TLSClient

        init(_ client: TLSClient) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data).readableBytesView
            client.state.withLock { $0.received += bytes }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case TLSUserEvent.shutdownCompleted = event { client.state.withLock { $0.closedCleanly = true } }
            context.fireUserInboundEventTriggered(event)
        }

        func channelInactive(context: ChannelHandlerContext) {
            client.state.withLock { $0.isClosed = true }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    private init() {}

    /// Connects to 127.0.0.1 without a look at the certificate.
    static func connect(port: Int) async throws -> TLSClient {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        let context = try NIOSSLContext(configuration: configuration)
        let client = TLSClient()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLClientHandler(context: context, serverHostname: nil),
                        Collector(client)
                    )
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        client.channel.withLock { $0 = channel }
        return client
    }

    func send(_ bytes: [UInt8]) async throws {
        guard let channel = channel.withLock({ $0 }) else { return }
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    var received: String { state.withLock { String(decoding: $0.received, as: UTF8.self) } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Whether the server has sent its close_notify.
    var closedCleanly: Bool { state.withLock { $0.closedCleanly } }
}
