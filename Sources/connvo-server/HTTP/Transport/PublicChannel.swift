internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1

/// The pipeline of one public connection: deadlines, HTTP, the hot route, and behind it Hummingbird for the rest.
///
/// The hot route works on NIO's own HTTP types, before they are converted for the router: the conversion and the
/// asynchronous hop behind it cost more than all that the hot route does (docs/decisions).
struct PublicChannel: ServerChildChannel, HTTPChannelHandler {
    typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    let responder: HTTPChannelHandler.Responder
    let endpoint: TokenEndpoint
    private let limits = ConnectionTimeouts.Limits()
    private let completionQueues = EventLoopCompletionQueue.Directory()

    init(responder: @escaping HTTPChannelHandler.Responder, endpoint: TokenEndpoint) {
        self.responder = responder
        self.endpoint = endpoint
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            var decoderLimits = NIOHTTPDecoderLimitConfiguration()
            decoderLimits.maxHeaderFieldSize = 16 * 1024
            decoderLimits.maxHeaderListSize = 16 * 1024
            decoderLimits.maxHeaderFieldCount = 64

            let phase = ConnectionPhase()
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(ConnectionTimeouts(limits: limits, phase: phase))
            let writer = ResponseWriter()
            try pipeline.addHandler(writer)
            try pipeline.configureHTTPServerPipeline(
                withPipeliningAssistance: false,
                withErrorHandling: false,
                // All names and values are written by this server or checked by it: checking each again costs 4 % of a
                // request.
                withOutboundHeaderValidation: false,
                withEncoderConfiguration: .init(),
                withDecoderLimitConfiguration: decoderLimits
            )
            try pipeline.addHandler(
                HTTPExchangeHandler(
                    endpoint: endpoint,
                    completionQueue: completionQueues.queue(on: channel.eventLoop),
                    phase: phase,
                    writer: writer
                )
            )
            try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
            return try NIOAsyncChannel(
                wrappingChannelSynchronously: channel,
                configuration: .init(isOutboundHalfClosureEnabled: true)
            )
        }
    }

    func handle(value: Value, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}

extension HTTPServerBuilder {
    /// A server whose connections answer calls of the function themselves.
    static func answering(_ endpoint: TokenEndpoint) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in PublicChannel(responder: responder, endpoint: endpoint) }
    }
}
