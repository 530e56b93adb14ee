import NIOCore
import NIOPosix
import NIOSSL
import PostgreSQL
import Synchronization

/// An HTTPS server on 127.0.0.1 that sends the bytes that a test gives it.
final class TLSServer: Sendable {
    enum Reply: Sendable {
        /// These bytes; then the connection is closed.
        case bytes([UInt8])
        /// A head, then one byte of body every few milliseconds without end.
        case trickle(head: String)
        /// A head, then chunks until the client closes the connection.
        case flood(head: String)
        /// No bytes.
        case silence

        /// A complete response.
        static func answer(_ status: String = "200 OK", _ fields: [String] = [], body: [UInt8]) -> Reply {
            let lines = ["HTTP/1.1 \(status)"] + fields + ["Content-Length: \(body.count)", "Connection: close"]
            return .bytes(Array(lines.map { $0 + "\r\n" }.joined().utf8) + Array("\r\n".utf8) + body)
        }
    }

    private struct State: Sendable {
        var reply: Reply
        var isHeld = false
        var held: [@Sendable (Reply) -> Void] = []
        var requestCount = 0
    }

    private let state: Mutex<State>
    private let channel: any Channel

    let url: String

    /// How many requests have arrived.
    var requestCount: Int { state.withLock { $0.requestCount } }

    private init(channel: any Channel, reply: Reply) {
        self.channel = channel
        url = "https://127.0.0.1:\(channel.localAddress?.port ?? 0)/keys"
        state = Mutex(State(reply: reply))
    }

    deinit {
        channel.close(promise: nil)
    }

    static func start(_ certificate: TestCertificate, reply: Reply) async throws -> TLSServer {
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: NIOSSLCertificate.fromPEMFile(certificate.path).map { .certificate($0) },
                privateKey: .privateKey(NIOSSLPrivateKey(file: certificate.keyPath, format: .pem))
            )
        )
        let shared = SharedServer()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(
                        NIOSSLServerHandler(context: context),
                        Responder(shared)
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let made = TLSServer(channel: channel, reply: reply)
        shared.server = made
        return made
    }

    /// Closes the listener.
    func stop() async throws {
        try await channel.close().get()
    }

    /// Replaces the reply to later requests.
    func say(_ reply: Reply) {
        state.withLock { $0.reply = reply }
    }

    /// From now on, holds requests back without a reply.
    func hold() {
        state.withLock { $0.isHeld = true }
    }

    /// Replies to all requests that were held back.
    func release() {
        let (held, reply) = state.withLock { state in
            state.isHeld = false
            defer { state.held = [] }
            return (state.held, state.reply)
        }
        for body in held { body(reply) }
    }

    private func received(_ body: @escaping @Sendable (Reply) -> Void) {
        let reply = state.withLock { state -> Reply? in
            state.requestCount += 1
            guard state.isHeld else { return state.reply }
            state.held.append(body)
            return nil
        }
        if let reply { body(reply) }
    }

    /// A weak reference from connections to their server.
    private final class SharedServer: Sendable {
        private struct Reference: Sendable {
            weak var server: TLSServer?
        }

        private let reference = Mutex(Reference())

        var server: TLSServer? {
            get { reference.withLock { $0.server } }
            set { reference.withLock { $0.server = newValue } }
        }
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let shared: SharedServer
        private var request: [UInt8] = []

        init(_ shared: SharedServer) {
            self.shared = shared
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            request += unwrapInboundIn(data).readableBytesView
            guard request.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
            request = []
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            let eventLoop = context.eventLoop
            shared.server?.received { reply in
                eventLoop.execute { Self.send(reply, bound.value) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        private static func send(_ reply: Reply, _ context: ChannelHandlerContext) {
            switch reply {
            case .silence:
                break
            case .bytes(let bytes):
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)))
                    .whenComplete { _ in bound.value.close(promise: nil) }
            case .trickle(let head):
                context.writeAndFlush(NIOAny(ByteBuffer(string: head)), promise: nil)
                let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
                context.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(5)) { task in
                    guard bound.value.channel.isActive else { return task.cancel() }
                    bound.value.writeAndFlush(NIOAny(ByteBuffer(string: " ")), promise: nil)
                }
            case .flood(let head):
                context.writeAndFlush(NIOAny(ByteBuffer(string: head)), promise: nil)
                Self.flood(context, left: 10 * 1024 * 1024)
            }
        }

        /// Sends the next 4 KiB after the previous ones have been written.
        private static func flood(_ context: ChannelHandlerContext, left: Int) {
            guard left > 0, context.channel.isActive else { return context.close(promise: nil) }
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            let chunk = "1000\r\n" + String(repeating: " ", count: 4096) + "\r\n"
            context.writeAndFlush(NIOAny(ByteBuffer(string: chunk)))
                .whenSuccess {
                    // In another turn: a chunk that is written at once would otherwise call the next one from within.
                    bound.eventLoop.execute { Self.flood(bound.value, left: left - 4096) }
                }
        }
    }
}
