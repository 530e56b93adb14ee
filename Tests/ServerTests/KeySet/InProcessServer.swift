import Domain
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Persistence
import PostgreSQL

@testable import connvo_server

/// The issuing route on a port, without a database: a request whose token is accepted is refused for its body.
struct InProcessServer: Sendable {
    private let channel: any Channel

    let port: Int

    static func start(_ keySet: RefreshedKeySet) async throws -> InProcessServer {
        let nowhere = try ConnectionTarget(
            "postgresql:///connvo?host=/nonexistent",
            applicationName: "tests",
            sessionAttributes: .readWrite
        )
        // Never started, because no request reaches it.
        let engine = try IssuanceEngine(
            IssuanceConfiguration(
                target: nowhere,
                policy: AdmissionPolicy(streamRoles: [:], earlyJoinWindow: nil, pastDueGrace: .zero),
                signingKeyID: "none",
                sign: { _ in SignedToken(bytes: [], sha256: []) }
            )
        ) { _ in }
        let endpoint = TokenEndpoint(
            authentication: keySet.authentication,
            keySet: keySet.refresher,
            engine: engine,
            trustedProxies: .none,
            crossOrigin: nil,
            observer: RequestObserver(logger: Logger(label: "test") { [log = keySet.requestLog] _ in log }),
            now: SystemClock.now
        )
        let queues = EventLoopCompletionQueue.Directory()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let writer = ResponseWriter()
                    try channel.pipeline.syncOperations.addHandler(writer)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withPipeliningAssistance: false,
                        withErrorHandling: false
                    )
                    try channel.pipeline.syncOperations.addHandler(
                        HTTPExchangeHandler(
                            endpoint: endpoint,
                            completionQueue: queues.queue(on: channel.eventLoop),
                            phase: ConnectionPhase(),
                            writer: writer
                        )
                    )
                    try channel.pipeline.syncOperations.addHandler(ClosingAtEnd())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return InProcessServer(channel: channel, port: channel.localAddress?.port ?? 0)
    }

    func stop() async throws {
        try await channel.close().get()
    }

    /// Sends a token with an invalid body, which is refused only after the token has been accepted.
    func send(_ token: String) async throws -> HTTPConnection {
        let connection = try await HTTPConnection.open(port: port)
        try await connection.send(WireRequest.call(token, body: "{}").bytes)
        return connection
    }
}

/// Stands in for Hummingbird's handler behind the issuing route: closes when the client has finished sending.
private final class ClosingAtEnd: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    }
}
