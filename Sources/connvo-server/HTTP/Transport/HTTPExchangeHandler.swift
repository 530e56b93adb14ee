internal import ConvexAPI
internal import Domain
internal import NIOCore
internal import NIOHTTP1
internal import Persistence

/// Answers the hot route on the event loop, before any router or middleware; passes every other request on.
///
/// It stands behind NIO's HTTP decoder and carries out what ``HTTPExchangeStateMachine`` decides; what a request is
/// told is ``TokenEndpoint``'s. NIO's own handler for pipelining is not in use, because it stops reading during every
/// request: two calls of `epoll_ctl` each.
final class HTTPExchangeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// The largest body that is read, in bytes.
    static let bodyLimit = 16 * 1024

    private let endpoint: TokenEndpoint
    private let completionQueue: EventLoopCompletionQueue
    private let phase: ConnectionPhase
    private let writer: ResponseWriter
    private var machine = HTTPExchangeStateMachine(bodyLimit: bodyLimit)
    private var encoder = ResponseEncoder()
    private var random = BufferedRandomNumberGenerator()
    /// The client's address, or its proxy's, looked up once a connection.
    private var peer: String?
    private var isWorkingOff = false

    init(
        endpoint: TokenEndpoint,
        completionQueue: EventLoopCompletionQueue,
        phase: ConnectionPhase,
        writer: ResponseWriter
    ) {
        self.endpoint = endpoint
        self.completionQueue = completionQueue
        self.phase = phase
        self.writer = writer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        peer = context.remoteAddress?.ipAddress
    }

    // MARK: Events

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let input: HTTPExchangeStateMachine.Input =
            switch unwrapInboundIn(data) {
            case .head(let head): .head(endpoint.begin(head) { makeRequestID() })
            case .body(let part): .body(part)
            case .end: .end
            }
        perform(machine.received(input), context: context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        let exchange = HTTPExchange.malformed(
            parserError == .headerOverflow ? .headersTooLarge : .malformedMessage,
            requestID: makeRequestID()
        )
        perform(machine.received(.malformed(exchange)), context: context)
    }

    func read(context: ChannelHandlerContext) {
        if machine.mayRead() { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        machine.connectionClosed()?.pending?.abandon()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            if machine.inputClosed() { context.fireUserInboundEventTriggered(event) }
        case is ChannelShouldQuiesceEvent:
            perform(machine.quiesce(), context: context)
        case ConnectionTimeouts.Event.requestTimedOut:
            perform(machine.requestTimedOut(), context: context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func keysWereRead(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        perform(machine.keysWereRead(), context: context)
    }

    private func decided(_ outcome: IssuanceOutcome, context: ChannelHandlerContext) {
        // The client may have gone meanwhile; its record stands.
        guard context.channel.isActive, let exchange = machine.decided(), let pending = exchange.pending else { return }
        answer(pending.request, outcome, to: exchange, context: context)
        perform(nil, context: context)
    }

    // MARK: Actions

    /// Carries out an action, and those that have become possible by it.
    private func perform(_ action: HTTPExchangeStateMachine.Action?, context: ChannelHandlerContext) {
        if let action { carryOut(action, context: context) }
        // A response given on the way leads here again: the first call does it all.
        guard !isWorkingOff else { return }
        isWorkingOff = true
        while let action = machine.next() { carryOut(action, context: context) }
        isWorkingOff = false
        if machine.takeDueRead() { context.read() }
    }

    private func carryOut(_ action: HTTPExchangeStateMachine.Action, context: ChannelHandlerContext) {
        switch action {
        case .receiveBody(let sendsContinue):
            phase.enter(.receivingBody)
            if sendsContinue { writer.send(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")) }
        case .evaluate(let exchange):
            phase.enter(.answering)
            evaluate(exchange, context: context)
        case .forward(let exchange):
            phase.enter(.answering)
            forward(exchange, context: context)
        case .refuse(let exchange, let error):
            refuse(exchange, error, context: context)
        case .close:
            context.close(promise: nil)
        }
    }

    private func evaluate(_ exchange: HTTPExchange, context: ChannelHandlerContext) {
        do throws(ErrorResponse) {
            switch try endpoint.evaluate(exchange, peer: peer, now: endpoint.now()) {
            case .respond(let response):
                send(response, to: exchange, context: context)
            case .awaitKeys(let generation, let failure):
                guard awaitKeys(exchange, since: generation, context: context) else {
                    throw endpoint.refusal(failure, requestID: exchange.requestID)
                }
            case .issue(let request):
                issue(request, of: exchange, context: context)
            }
        } catch {
            refuse(exchange, error, context: context)
        }
    }

    /// Waits for a key set that may have the key which the caller's token names. False when that is not possible now.
    private func awaitKeys(_ exchange: HTTPExchange, since generation: UInt64, context: ChannelHandlerContext) -> Bool {
        let bound = NIOLoopBound((self, exchange, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let start = NIODeadline.now()
        let isAwaited = endpoint.keySet.whenRead(since: generation) {
            eventLoop.execute {
                let (handler, exchange, context) = bound.value
                exchange.waitedForKeys = .now() - start
                handler.keysWereRead(context: context)
            }
        }
        if isAwaited { machine.awaitKeys() }
        return isAwaited
    }

    private func issue(_ request: IssuanceRequest, of exchange: HTTPExchange, context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let outcome = endpoint.submit(request, of: exchange, completionQueue: completionQueue) { outcome in
            let (handler, context) = bound.value
            handler.decided(outcome, context: context)
        }
        if let outcome {
            answer(request, outcome, to: exchange, context: context)
        } else {
            machine.awaitDecision()
        }
    }

    private func forward(_ exchange: HTTPExchange, context: ChannelHandlerContext) {
        var head = exchange.head
        // The router answers and logs under the same id.
        if exchange.fields.requestID == nil {
            head.headers.replaceOrAdd(name: "X-Request-Id", value: exchange.requestID)
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
        context.fireChannelRead(wrapInboundOut(.end(nil)))
        context.fireChannelReadComplete()
    }

    // MARK: Responses

    private func answer(
        _ request: IssuanceRequest,
        _ outcome: IssuanceOutcome,
        to exchange: HTTPExchange,
        context: ChannelHandlerContext
    ) {
        endpoint.observer.answered(outcome, requestID: exchange.requestID)
        send(exchange.route.endpoint.response(to: request, outcome: outcome), to: exchange, context: context)
    }

    private func refuse(_ exchange: HTTPExchange, _ error: ErrorResponse, context: ChannelHandlerContext) {
        endpoint.observer.refused(error, requestID: exchange.requestID)
        let response = exchange.route.endpoint.failure(error, requestID: exchange.requestID)
        send(response, to: exchange, context: context)
    }

    private func send(_ response: EndpointResponse, to exchange: HTTPExchange, context: ChannelHandlerContext) {
        let keepsConnection = machine.completed()
        let bytes = encoder.encode(
            response,
            to: exchange,
            keepsConnection: keepsConnection,
            now: endpoint.now(),
            allocator: context.channel.allocator
        )
        phase.enter(.idle)
        writer.send(bytes, promise: keepsConnection ? nil : closingPromise(nil, context: context))
    }

    /// Responses of the router pass through here, so that a connection is closed when its request asked for it, and
    /// pages of other origins may read them.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let exchange = machine.forwardedExchange else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .body where exchange.isHead:
            promise?.succeed()
        case .head(var head) where !head.status.isInformational:
            if !machine.keepsConnection { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            for (name, value) in exchange.crossOriginHeaders { head.headers.add(name: name, value: value) }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            phase.enter(.idle)
            let keepsConnection = machine.completed()
            let promise = keepsConnection ? promise : closingPromise(promise, context: context)
            context.writeAndFlush(data, promise: promise)
            perform(nil, context: context)
        default:
            context.write(data, promise: promise)
        }
    }

    /// A promise that closes the connection when it is kept or broken.
    private func closingPromise(
        _ promise: EventLoopPromise<Void>?,
        context: ChannelHandlerContext
    ) -> EventLoopPromise<Void> {
        let promise = promise ?? context.eventLoop.makePromise()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        return promise
    }

    private func makeRequestID() -> String { RequestID.make(at: endpoint.now(), using: &random) }
}

extension HTTPResponseStatus {
    fileprivate var isInformational: Bool { (100..<200).contains(code) }
}
