internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import ServiceLifecycle

/// Accepts connections at an address and answers their requests, until shutdown. Then it answers those that have begun.
struct HTTPListener: Service {
    /// Which of the two it is, for messages: "public" or "admin".
    let name: String
    let host: String
    /// 0 lets the system choose a free port.
    let port: Int
    /// Nil for HTTP without TLS.
    let certificates: CertificateStore?
    let routes: Routes
    let connections: ConnectionTable
    let group: any EventLoopGroup
    let logger: Logger
    /// Called with the port when connections are accepted.
    var onListening: @Sendable (Int) -> Void = { _ in }

    private let completionQueues = EventLoopCompletionQueue.Directory()
    private let turns = TurnWatch.Directory()

    init(
        name: String,
        host: String,
        port: Int,
        certificates: CertificateStore? = nil,
        routes: Routes,
        connections: ConnectionTable,
        group: any EventLoopGroup,
        logger: Logger,
        onListening: @escaping @Sendable (Int) -> Void = { _ in }
    ) {
        self.name = name
        self.host = host
        self.port = port
        self.certificates = certificates
        self.routes = routes
        self.connections = connections
        self.group = group
        self.logger = logger
        self.onListening = onListening
    }

    /// The kernel's buffers of a connection, in bytes; Linux makes them twice as large. Requests and responses have a
    /// few kilobytes, so more would only hold what a client sends or leaves unread.
    private static let socketBuffer = 64 * 1024
    /// The most that is read at once, in bytes: more than nearly all requests have, and so little that a connection
    /// which sends many requests together does not hold up the others of its event loop. Calls of the function that
    /// fit into it are fewer than the backlog takes.
    private static let readSize = 4 * 1024
    /// The most that TLS has to hold back until it is complete, in bytes (RFC 8446, section 5.1).
    private static let recordSize = 16 * 1024
    /// The most of a response that TLS keeps room for between two of them, in bytes: more than nearly all have.
    private static let keptOutput = 8 * 1024

    func run() async throws {
        let server = try await bind()
        connections.start()
        let port = server.localAddress?.port ?? port
        logger.info("The \(name) listener is listening on \(host):\(port)")
        onListening(port)
        try? await gracefulShutdown()
        try? await server.closeWhenAllAreAccepted()
        let closed = connections.quiesce(on: server.eventLoop)
        await withTaskCancellationHandler {
            try? await closed.get()
        } onCancel: {
            connections.closeAll()
        }
    }

    /// Begins to accept connections.
    func bind() async throws -> any Channel {
        let socketBuffer = ChannelOptions.Types.SocketOption.Value(Self.socketBuffer)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Accepted sockets take both over. The receive buffer must be set before the socket listens (tcp(7)).
            .serverChannelOption(.socketOption(.so_rcvbuf), value: socketBuffer)
            .serverChannelOption(.socketOption(.so_sndbuf), value: socketBuffer)
            // So few are accepted at once that room can be made for them before descriptors run out.
            .serverChannelOption(.maxMessagesPerRead, value: 2)
            .serverChannelInitializer { channel in
                // Where descriptors run out nevertheless, it waits for a second before it accepts again.
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(AcceptBackoffHandler(), AcceptGate())
                }
            }
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 2048, maximum: Self.readSize)
            )
            // Beyond the first of these, in bytes of responses that the client has not read, no request begins.
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 1024, high: 4096))
            .childChannelInitializer { channel in
                connections.admit(channel).flatMapThrowing { connection in
                    try addHandlers(to: channel, connection.value)
                }
            }
            .bind(host: host, port: port).get()
    }

    private func addHandlers(to channel: any Channel, _ connection: ClientConnection) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 16 * 1024
        limits.maxHeaderListSize = 16 * 1024
        limits.maxHeaderFieldCount = 64
        var exchange = HTTPExchangeStateMachine.Limits()
        // The most that comes at once.
        var largestInput = Self.readSize
        let pipeline = channel.pipeline.syncOperations
        if let certificates {
            largestInput += Self.recordSize
            exchange.backlog *= largestInput / Self.readSize
            try addTLSHandlers(to: pipeline, certificates.current, connection)
        }
        try pipeline.addHandler(ConnectionGuard(connection))
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPRequestDecoder(limitConfiguration: limits),
                // What is not decoded yet: at most a field of a head, and what comes at once.
                maximumBufferSize: 28 * 1024 + largestInput
            )
        )
        try pipeline.addHandler(
            HTTPExchangeHandler(
                routes: routes,
                connection: connection,
                completionQueue: completionQueues.queue(on: channel.eventLoop),
                turns: turns.watch(on: channel.eventLoop),
                limits: exchange
            )
        )
    }

    private func addTLSHandlers(
        to pipeline: ChannelPipeline.SynchronousOperations,
        _ certificate: ServerCertificate,
        _ connection: ClientConnection
    ) throws {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = Self.keptOutput
        try pipeline.addHandler(NIOSSLServerHandler(context: certificate.context, configuration: configuration))
        try pipeline.addHandler(
            HandshakeHandler(connection) { [observe = routes.observe, name] outcome in
                observe(.tls(.handshake(listener: name, outcome)))
            }
        )
    }
}
