internal import ConvexAPI
internal import Domain
internal import NIOCore
internal import NIOHTTP1
internal import NIOWebSocket
internal import Persistence

/// Answers the requests of one connection on its event loop.
///
/// It stands behind NIO's HTTP decoder, the last of the pipeline, and carries out what ``HTTPExchangeStateMachine``
/// decides; what a request is told is decided by ``Routes`` and ``TokenEndpoint``. NIO's own handler for pipelining is
/// not in use, because it stops reading during every request: two calls of `epoll_ctl` each.
final class HTTPExchangeHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let routes: Routes
    private let connection: ClientConnection
    private let completionQueue: EventLoopCompletionQueue
    private let turns: TurnWatch
    private var machine: HTTPExchangeStateMachine
    private var encoder = ResponseEncoder()
    private var random = BufferedRandomNumberGenerator()
    private var isWorkingOff = false

    init(
        routes: Routes,
        connection: ClientConnection,
        completionQueue: EventLoopCompletionQueue,
        turns: TurnWatch,
        limits: HTTPExchangeStateMachine.Limits = .init()
    ) {
        self.routes = routes
        self.connection = connection
        self.completionQueue = completionQueue
        self.turns = turns
        machine = HTTPExchangeStateMachine(limits: limits)
    }

    // MARK: Events

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !machine.discardsInput else { return }
        let input: HTTPExchangeStateMachine.Input =
            switch unwrapInboundIn(data) {
            case .head(let head): .head(routes.begin(head) { makeRequestID() })
            case .body(let part): .body(part)
            case .end: .end
            }
        perform(machine.received(input), context: context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        machine.readCompleted()
        context.fireChannelReadComplete()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine.writabilityChanged(context.channel.isWritable)
        perform(nil, context: context)
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let refusal = ErrorResponse(decoderError: error) else { return context.fireErrorCaught(error) }
        perform(machine.received(.malformed(.malformed(refusal, requestID: makeRequestID()))), context: context)
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
            if machine.inputClosed() { context.close(promise: nil) }
        case is ChannelShouldQuiesceEvent:
            perform(machine.quiesce(), context: context)
        case is ClientConnection.RequestTimedOut:
            perform(machine.requestTimedOut(), context: context)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func retry(context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        perform(machine.retry(), context: context)
    }

    private func decided(_ outcome: IssuanceOutcome, context: ChannelHandlerContext) {
        // The client may have gone meanwhile; its record stands.
        guard let exchange = machine.decided(), let pending = exchange.pending else { return }
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
        let pause = machine.pause()
        connection.discardsInput = pause.discardsInput
        if pause.continuesInNextTurn { continueInNextTurn(context: context) }
        if pause.reads { context.read() }
    }

    private func continueInNextTurn(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.execute {
            let (handler, context) = bound.value
            handler.machine.turnBegan()
            handler.perform(nil, context: context)
        }
    }

    private func carryOut(_ action: HTTPExchangeStateMachine.Action, context: ChannelHandlerContext) {
        switch action {
        case .receiveBody(let sendsContinue):
            connection.enter(.receivingBody)
            if sendsContinue {
                let bytes = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
                context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
            }
        case .evaluate(let exchange):
            evaluate(exchange, context: context)
        case .refuse(let exchange, let error):
            refuse(exchange, error, context: context)
        case .close:
            // Behind responses that are not sent yet.
            let sent = context.eventLoop.makePromise(of: Void.self)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            sent.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
        }
    }

    private func evaluate(_ exchange: HTTPExchange, context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        connection.enter(.answering, at: now)
        do throws(ErrorResponse) {
            if exchange.route.readsBody, turns.refusesCall(at: now) || MemoryBudget.process.isShort(now: now) {
                exchange.result = .turnedAway(.overloaded)
                throw .unavailable
            }
            switch try routes.evaluate(exchange, peer: connection.peer, now: routes.now()) {
            case .respond(let response):
                send(response, to: exchange, context: context)
            case .send(let document):
                send(document, to: exchange, context: context)
            case .awaitKeys(let generation, let failure, let endpoint):
                guard awaitKeys(exchange, since: generation, endpoint, context: context) else {
                    throw exchange.refusal(failure)
                }
            case .awaitTurn(let wait):
                awaitTurn(exchange, wait, context: context)
            case .openWebSocket:
                openWebSocket(exchange, context: context)
            case .issue(let request, let endpoint):
                issue(request, of: exchange, at: endpoint, context: context)
            }
        } catch {
            refuse(exchange, error, context: context)
        }
    }

    /// Waits for a key set that may have the key which the caller's token names. False when that is not possible now.
    private func awaitKeys(
        _ exchange: HTTPExchange,
        since generation: UInt64,
        _ endpoint: TokenEndpoint,
        context: ChannelHandlerContext
    ) -> Bool {
        let bound = NIOLoopBound((self, exchange, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let start = NIODeadline.now()
        let isAwaited = endpoint.keySet.whenRead(since: generation) {
            eventLoop.execute {
                let (handler, exchange, context) = bound.value
                exchange.waitedForKeys = .now() - start
                handler.retry(context: context)
            }
        }
        if isAwaited { machine.awaitRetry() }
        return isAwaited
    }

    private func awaitTurn(_ exchange: HTTPExchange, _ wait: Duration, context: ChannelHandlerContext) {
        machine.awaitRetry()
        exchange.hasWaitedForTurn = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .microseconds(wait.microseconds)) {
            let (handler, context) = bound.value
            handler.retry(context: context)
        }
    }

    private func issue(
        _ request: IssuanceRequest,
        of exchange: HTTPExchange,
        at endpoint: TokenEndpoint,
        context: ChannelHandlerContext
    ) {
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

    // MARK: WebSockets

    /// Changes to the WebSocket protocol (RFC 6455, section 4.2), or refuses an offer that is not well-formed.
    private func openWebSocket(_ exchange: HTTPExchange, context: ChannelHandlerContext) {
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: SyncHandler.messageLimit,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(SyncHandler()) }
            }
        )
        let bound = NIOLoopBound((self, exchange, context), eventLoop: context.eventLoop)
        upgrader.buildUpgradeResponse(
            channel: context.channel,
            upgradeRequest: exchange.head,
            initialResponseHeaders: [:]
        ).whenComplete { result in
            let (handler, exchange, context) = bound.value
            switch result {
            case .success(let headers): handler.switchProtocol(headers, exchange, upgrader, context: context)
            case .failure: handler.refuse(exchange, .malformedMessage, context: context)
            }
        }
    }

    private func switchProtocol(
        _ headers: HTTPHeaders,
        _ exchange: HTTPExchange,
        _ upgrader: NIOWebSocketServerUpgrader,
        context: ChannelHandlerContext
    ) {
        routes.observe(.answered(exchange.answered(status: 101)))
        // There is no further request.
        _ = machine.completed()
        var bytes = context.channel.allocator.buffer(capacity: 256)
        bytes.writeStatusLine(101, version: exchange.version)
        for (name, value) in headers { bytes.writeField(name, value) }
        bytes.writeStaticString("\r\n")
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        // In another turn, because the decoder is at work in this one.
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let head = exchange.head
        context.eventLoop.execute {
            let (_, context) = bound.value
            let pipeline = context.pipeline.syncOperations
            if let decoder = try? pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self) {
                pipeline.removeHandler(context: decoder, promise: nil)
            }
            upgrader.upgrade(context: context, upgradeRequest: head).whenSuccess {
                let (handler, context) = bound.value
                handler.connection.becomeWebSocket()
                context.channel.read()
                context.pipeline.syncOperations.removeHandler(handler, promise: nil)
            }
        }
    }

    // MARK: Responses

    private func answer(
        _ request: IssuanceRequest,
        _ outcome: IssuanceOutcome,
        to exchange: HTTPExchange,
        context: ChannelHandlerContext
    ) {
        exchange.result = .decided(outcome, caller: request.admission.callerID)
        send(exchange.route.endpoint.response(to: request, outcome: outcome), to: exchange, context: context)
    }

    private func refuse(_ exchange: HTTPExchange, _ error: ErrorResponse, context: ChannelHandlerContext) {
        if case .page = exchange.result { exchange.result = .rejected(error) }
        let response = exchange.route.endpoint.failure(error, requestID: exchange.requestID)
        send(response, to: exchange, context: context)
    }

    /// The request is answered: log and metrics hear of it. Returns whether the connection is kept, and the value of
    /// `Server-Timing`, nil for none.
    private func complete(_ exchange: HTTPExchange, status: Int) -> (keepsConnection: Bool, serverTiming: String?) {
        let answered = exchange.answered(status: status)
        routes.observe(.answered(answered))
        if connection.isDraining { machine.drain() }
        return (machine.completed(), routes.tellsTiming ? ServerTiming.text(of: answered) : nil)
    }

    private func send(_ response: EndpointResponse, to exchange: HTTPExchange, context: ChannelHandlerContext) {
        let (keepsConnection, serverTiming) = complete(exchange, status: response.status)
        let bytes = encoder.encode(
            response,
            to: exchange,
            serverTiming: serverTiming,
            keepsConnection: keepsConnection,
            now: routes.now()
        )
        write(bytes, keepsConnection: keepsConnection, context: context)
    }

    /// Sends a document. Its bytes are shared by all connections that wait for them.
    private func send(_ document: Document, to exchange: HTTPExchange, context: ChannelHandlerContext) {
        let status = document.isHeld(by: exchange.head.headers) ? 304 : 200
        let (keepsConnection, serverTiming) = complete(exchange, status: status)
        let head = encoder.encodeHead(
            of: document,
            status: status,
            to: exchange,
            serverTiming: serverTiming,
            keepsConnection: keepsConnection,
            now: routes.now()
        )
        if status == 304 || exchange.isHead {
            return write(head, keepsConnection: keepsConnection, context: context)
        }
        context.write(wrapOutboundOut(head), promise: nil)
        write(document.body, keepsConnection: keepsConnection, context: context)
    }

    /// Writes a response, or the rest of it, and closes the connection behind it unless it is kept.
    private func write(_ bytes: ByteBuffer, keepsConnection: Bool, context: ChannelHandlerContext) {
        guard !keepsConnection else {
            connection.enter(.idle)
            return context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        }
        connection.discardsInput = true
        let sent = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        sent.futureResult.whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .success: handler.finish(context: context)
            case .failure: context.close(promise: nil)
            }
        }
        connection.enter(.idle)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: sent)
    }

    /// Closes the connection behind its last response: the sending direction first, and the rest when the client has
    /// closed its own, or after ``ConnectionLimits/linger``.
    ///
    /// A socket that is closed while bytes of the client are unread answers them with a reset, and the client loses
    /// the response (RFC 9112, section 9.6).
    private func finish(context: ChannelHandlerContext) {
        guard !machine.closesAtOnce else { return context.close(promise: nil) }
        connection.linger()
        context.close(mode: .output, promise: nil)
    }

    private func makeRequestID() -> String { RequestID.make(at: routes.now(), using: &random) }
}

extension ErrorResponse {
    /// What bytes are told that the decoder refuses; nil for what is no error of the decoder.
    fileprivate init?(decoderError error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow, is ByteToMessageDecoderError.PayloadTooLargeError: self = .headersTooLarge
        case is HTTPParserError: self = .malformedMessage
        default: return nil
        }
    }
}
