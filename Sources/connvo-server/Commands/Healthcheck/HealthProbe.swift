internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Asks a listener of this machine one question over HTTP, as a load balancer does.
///
/// The certificate of a listener with TLS is not verified. The question goes to an address of this machine, its answer
/// is no secret, and a process that could give a false answer there has taken the port from `serve` already. The
/// certificate names the public host and not the loopback address, so that it could not be verified.
struct HealthProbe: Sendable {
    struct Answer: Hashable, Sendable {
        let status: Int
        let body: [UInt8]
    }

    enum Failure: Error, Equatable, CustomStringConvertible {
        /// Connecting and the whole answer together took too long.
        case timedOut
        /// No connection, no TLS, or an answer that is not HTTP.
        case failed(String)

        var description: String {
            switch self {
            case .timedOut: "no answer in time"
            case .failed(let cause): cause
            }
        }
    }

    let host: String
    let port: Int
    let usesTLS: Bool

    /// - Parameter listenHost: The address of the listener as the setting has it. Where that is every address, the loopback
    ///   address is asked.
    init(listenHost: String, port: Int, usesTLS: Bool) {
        let bare = listenHost.hasPrefix("[") ? String(listenHost.dropFirst().dropLast()) : listenHost
        host =
            switch bare {
            // A listener for every address takes connections of IPv4, also on a machine without IPv6.
            case "*", "0.0.0.0": "127.0.0.1"
            case "::": "::1"
            default: bare
            }
        self.port = port
        self.usesTLS = usesTLS
    }

    func url(_ path: String) -> String {
        "\(usesTLS ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)\(path)"
    }

    /// - Parameter limit: For connecting and the whole answer together.
    func ask(_ path: String, within limit: TimeAmount) async throws(Failure) -> Answer {
        let group = MultiThreadedEventLoopGroup.singleton
        let loop = group.next()
        let promise = loop.makePromise(of: Answer.self)
        let timeout = loop.scheduleTask(in: limit) { promise.fail(Failure.timedOut) }
        defer { timeout.cancel() }
        do {
            let tls = usesTLS ? try NIOSSLContext(configuration: Self.configuration) : nil
            let connecting = ClientBootstrap(group: loop)
                .connectTimeout(limit)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        if let tls { try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil)) }
                        try pipeline.addHTTPClientHandlers(leftOverBytesStrategy: .dropBytes)
                        try pipeline.addHandler(ProbeHandler(path: path, host: host, promise: promise))
                    }
                }
                .connect(host: host, port: port)
            connecting.whenFailure { promise.fail($0) }
            // Where the answer comes first, or the time has passed, the connection is of no more use.
            promise.futureResult.whenComplete { _ in connecting.whenSuccess { $0.close(promise: nil) } }
            return try await promise.futureResult.get()
        } catch let failure as Failure {
            throw failure
        } catch is ChannelError {
            throw .timedOut
        } catch let error as NIOConnectionError {
            throw .failed("no connection: \(Self.cause(error))")
        } catch {
            promise.fail(error)
            throw .failed("\(error)")
        }
    }

    /// In the words of the system where it has some: `Connection refused`.
    private static func cause(_ error: NIOConnectionError) -> String {
        if let code = error.connectionErrors.lazy.compactMap({ ($0.error as? IOError)?.errnoCode }).first {
            return String(cString: strerror(code))
        }
        let failure = error.connectionErrors.first?.error ?? error.dnsAAAAError ?? error.dnsAError
        return failure.map { "\($0)" } ?? "\(error)"
    }

    private static var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        return configuration
    }
}

/// Sends the question when the connection is there, and completes the promise with the answer, or with what went wrong.
private final class ProbeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private static let bodyLimit = 64 * 1024

    private let path: String
    private let host: String
    private let promise: EventLoopPromise<HealthProbe.Answer>
    private var status = 0
    private var body: [UInt8] = []

    init(path: String, host: String, promise: EventLoopPromise<HealthProbe.Answer>) {
        self.path = path
        self.host = host
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        let name = host.contains(":") ? "[\(host)]" : host
        let head = HTTPRequestHead(
            version: .http1_1,
            method: .GET,
            uri: path,
            headers: ["Host": name, "Connection": "close", "User-Agent": "connvo-server"]
        )
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            status = Int(head.status.code)
        case .body(let bytes):
            body += bytes.readableBytesView.prefix(Self.bodyLimit - body.count)
            // The status is what counts; a listener of ours sends less.
            if body.count == Self.bodyLimit { complete() }
        case .end:
            complete()
        }
    }

    private func complete() {
        promise.succeed(HealthProbe.Answer(status: status, body: body))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        promise.fail(error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(HealthProbe.Failure.failed("the connection was closed before an answer came"))
    }
}
