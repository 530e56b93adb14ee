internal import Domain
internal import JOSE
internal import NIOCore
internal import NIOHTTP1
internal import Persistence

/// Answers the hot route on the event loop, before any router or middleware; passes every other request on.
///
/// It stands behind NIO's HTTP decoder and pipelining handler, so it sees one request at a time. It also holds the
/// guards that every route shares: the size of bodies, malformed HTTP, closing when a peer asks for it.
final class IssuanceHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// What one connection needs of the application.
    struct Services: Sendable {
        let authentication: CallerAuthentication
        let keySet: KeySetRefresher
        let issueToken: IssueParticipantToken
        let trustedProxies: TrustedProxies
        /// Nil when no page of another origin may read answers.
        let crossOrigin: CrossOriginPolicy?
        let observer: RequestObserver
        let now: @Sendable () -> Timestamp
    }

    /// The largest body that is read, in bytes.
    static let bodyLimit = 16 * 1024

    private enum State {
        case idle
        /// Collecting the body of a request.
        case receiving(Incoming)
        /// The caller's key is unknown, and the key set is being read.
        case awaitingKeys(Incoming, since: NIODeadline)
        /// A token was asked for and the decision is awaited.
        case awaiting(PendingIssuance)
        /// The router answers.
        case passing(keepAlive: Bool)
        /// The last answer was sent; whatever still comes is dropped.
        case closing
    }

    private struct Incoming {
        let head: HTTPRequestHead
        var route: Route
        let fields: RequestFields
        /// The client's, when it sent a sane one; ours otherwise.
        let requestID: String
        var body: ByteBuffer?
        var bodySize = 0
        /// Decided from the head alone.
        var problem: Problem?
        /// Set after the one wait for a new key set that a request may have.
        var waitedForKeys: TimeAmount?

        var isForDoor: Bool { route != .other }
    }

    private enum Route: Equatable {
        /// A call; at door B, the body says of which function.
        case function(Door)
        case unknownFunction(path: Substring)
        /// A browser asks whether a page may call.
        case preflight
        /// Anything else: the router knows.
        case other

        init(uri: String) {
            let path = uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { uri[..<$0] } ?? uri[...]
            if path == RunDoor.path {
                self = .function(.run)
            } else if path == ActionDoor.path {
                self = .function(.action)
            } else if path.hasPrefix(RunDoor.prefix) {
                self = .unknownFunction(path: path.dropFirst(RunDoor.prefix.count))
            } else {
                self = .other
            }
        }

        /// Who writes the answer.
        var door: Door {
            if case .function(let door) = self { door } else { .run }
        }
    }

    private let services: Services
    private let replies: EventLoopReplies
    private let phase: ConnectionPhase
    private var state = State.idle
    /// Whether the request being answered is a HEAD, whose answer has no body (RFC 9110, section 9.3.2).
    private var answersHead = false
    /// Who may read the answer to the request at hand, as headers; empty unless CORS is on.
    private var crossOriginHeaders: [(String, String)] = []
    /// Whether the peer has said that it sends no more. It may still read: what it asked for is answered first.
    private var inputIsClosed = false
    private var date = HTTPDate()
    /// The peer's address, looked up once a connection.
    private var peer: String?

    init(services: Services, replies: EventLoopReplies, phase: ConnectionPhase) {
        self.services = services
        self.replies = replies
        self.phase = phase
    }

    func handlerAdded(context: ChannelHandlerContext) {
        peer = context.remoteAddress?.ipAddress
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .idle):
            receive(head, context: context)
        case (.body(let part), .receiving(var incoming)):
            state = .idle
            incoming.bodySize += part.readableBytes
            guard incoming.bodySize <= Self.bodyLimit else {
                return answer(
                    incoming.problem ?? .bodyTooLarge(limit: Self.bodyLimit),
                    to: incoming,
                    closing: true,
                    context: context
                )
            }
            if incoming.isForDoor { incoming.body.append(part) }
            state = .receiving(incoming)
        case (.end, .receiving(let incoming)):
            phase.enter(.answering)
            dispatch(incoming, context: context)
        default:
            // Parts of a request that was answered early; the connection is closing.
            break
        }
    }

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        phase.enter(.receivingBody)
        answersHead = head.method == .HEAD
        if let crossOrigin = services.crossOrigin { crossOriginHeaders = crossOrigin.headers(for: head.headers) }
        let fields = RequestFields(head.headers)
        let requestID = fields.requestID ?? makeRequestID()
        var incoming = Incoming(head: head, route: Route(uri: head.uri), fields: fields, requestID: requestID)
        if incoming.isForDoor, head.method != .POST {
            if let crossOrigin = services.crossOrigin, crossOrigin.isPreflight(head) {
                incoming.route = .preflight
            } else {
                incoming.problem = .methodNotAllowed(allow: "POST")
            }
        }
        if let length = incoming.fields.contentLength, length > Self.bodyLimit {
            return answer(
                incoming.problem ?? .bodyTooLarge(limit: Self.bodyLimit),
                to: incoming,
                closing: true,
                context: context
            )
        }
        // HTTP/1.0 does not know interim answers (RFC 9110, section 10.1.1).
        if incoming.fields.expectsContinue, head.version != .http1_0 {
            if let problem = incoming.problem { return answer(problem, to: incoming, closing: true, context: context) }
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: head.version, status: .continue))),
                promise: nil
            )
        }
        state = .receiving(incoming)
    }

    private func dispatch(_ incoming: Incoming, context: ChannelHandlerContext) {
        guard incoming.isForDoor else {
            state = .passing(keepAlive: incoming.head.isKeepAlive)
            context.fireChannelRead(wrapInboundOut(.head(incoming.head)))
            context.fireChannelRead(wrapInboundOut(.end(nil)))
            context.fireChannelReadComplete()
            return
        }
        let now = services.now()
        do {
            try run(incoming, now: now, context: context)
        } catch {
            answer(error, to: incoming, closing: false, context: context)
        }
    }

    /// Both doors: the order of the checks is the contract's.
    private func run(_ incoming: Incoming, now: Timestamp, context: ChannelHandlerContext) throws(Problem) {
        if let problem = incoming.problem { throw problem }
        if case .preflight = incoming.route { return answerPreflight(incoming, context: context) }
        guard incoming.fields.announcesJSON else { throw .unsupportedMediaType }
        let requestID = incoming.requestID
        let caller: BearerClaims
        do {
            caller = try services.authentication.authenticate(incoming.fields.authorization, now: now)
        } catch {
            if let generation = error.unknownKeyGeneration, incoming.waitedForKeys == nil,
                awaitsKeys(incoming, since: generation, context: context)
            {
                return
            }
            services.observer.authenticationFailed(cause: error.cause, requestID: requestID)
            throw error.problem
        }
        if case .unknownFunction(let path) = incoming.route { throw .functionNotFound(RunDoor.functionName(of: path)) }
        let door = incoming.route.door
        let arguments = try door.arguments(from: incoming.body ?? ByteBuffer())

        let keepAlive = incoming.head.isKeepAlive
        let version = incoming.head.version
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let submission = services.issueToken(
            meeting: arguments.meetingID,
            role: arguments.role,
            context: IssueParticipantToken.Context(
                caller: caller,
                clientIP: services.trustedProxies.client(peer: peer, forwardedFor: incoming.fields.forwardedFor),
                userAgent: incoming.fields.userAgent,
                requestID: requestID,
                receivedAt: now,
                waited: .nanoseconds(incoming.waitedForKeys?.nanoseconds ?? 0)
            ),
            replies: replies
        ) { outcome, request in
            let (handler, context) = bound.value
            handler.finish(outcome, of: request, door: door, version: version, keepAlive: keepAlive, context: context)
        }
        switch submission {
        case .taken(let pending):
            state = .awaiting(pending)
        case .answered(let outcome, let request):
            answer(outcome, of: request, door: door, version: version, keepAlive: keepAlive, context: context)
        }
    }

    /// Whether the request waits for a key set that may have the key its token names.
    private func awaitsKeys(_ incoming: Incoming, since generation: UInt64, context: ChannelHandlerContext) -> Bool {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let isTaken = services.keySet.whenRead(since: generation) {
            eventLoop.execute {
                let (handler, context) = bound.value
                handler.goOnWithKeys(context: context)
            }
        }
        if isTaken { state = .awaitingKeys(incoming, since: .now()) }
        return isTaken
    }

    private func goOnWithKeys(context: ChannelHandlerContext) {
        guard case .awaitingKeys(var incoming, let since) = state, context.channel.isActive else { return }
        incoming.waitedForKeys = .now() - since
        dispatch(incoming, context: context)
    }

    private func finish(
        _ outcome: IssuanceOutcome,
        of request: IssuanceRequest,
        door: Door,
        version: HTTPVersion,
        keepAlive: Bool,
        context: ChannelHandlerContext
    ) {
        // The peer may have gone meanwhile; its record stands.
        guard case .awaiting = state, context.channel.isActive else { return }
        answer(outcome, of: request, door: door, version: version, keepAlive: keepAlive, context: context)
    }

    private func answer(
        _ outcome: IssuanceOutcome,
        of request: IssuanceRequest,
        door: Door,
        version: HTTPVersion,
        keepAlive: Bool,
        context: ChannelHandlerContext
    ) {
        let answer = door.answer(outcome, to: request, allocator: context.channel.allocator)
        services.observer.answered(outcome, requestID: request.requestID)
        write(answer, requestID: request.requestID, version: version, keepAlive: keepAlive, context: context)
    }

    // MARK: Answers

    private func answer(_ problem: Problem, to incoming: Incoming, closing: Bool, context: ChannelHandlerContext) {
        let answer = incoming.route.door.answer(
            problem,
            requestID: incoming.requestID,
            allocator: context.channel.allocator
        )
        services.observer.refused(problem, requestID: incoming.requestID)
        let keepAlive = !closing && incoming.head.isKeepAlive
        write(
            answer,
            requestID: incoming.requestID,
            version: incoming.head.version,
            keepAlive: keepAlive,
            context: context
        )
    }

    private func answerPreflight(_ incoming: Incoming, context: ChannelHandlerContext) {
        write(
            Answer(status: .noContent, body: ByteBuffer(), headers: CrossOriginPolicy.preflight),
            requestID: incoming.requestID,
            version: incoming.head.version,
            keepAlive: incoming.head.isKeepAlive,
            context: context
        )
    }

    private func write(
        _ answer: Answer,
        requestID: String,
        version: HTTPVersion,
        keepAlive: Bool,
        context: ChannelHandlerContext
    ) {
        let keepAlive = keepAlive && !inputIsClosed
        var headers = HTTPHeaders()
        headers.reserveCapacity(8)
        // 204 has neither a body nor a length (RFC 9110, section 8.6).
        if answer.body.readableBytes > 0 {
            headers.add(name: "Content-Type", value: "application/json; charset=utf-8")
            headers.add(name: "Content-Length", value: String(answer.body.readableBytes))
        }
        headers.add(name: "Cache-Control", value: "no-store")
        headers.add(name: "X-Request-Id", value: requestID)
        headers.add(name: "Date", value: date.text(at: services.now()))
        for (name, value) in answer.headers { headers.add(name: name, value: value) }
        for (name, value) in crossOriginHeaders { headers.add(name: name, value: value) }
        if !keepAlive {
            headers.add(name: "Connection", value: "close")
        } else if version == .http1_0 {
            headers.add(name: "Connection", value: "keep-alive")
        }
        // The state changes first: writing the end may deliver the next pipelined request from inside this call.
        state = keepAlive ? .idle : .closing
        phase.enter(.idle)
        let head = HTTPResponseHead(version: version, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !answersHead { context.write(wrapOutboundOut(.body(.byteBuffer(answer.body))), promise: nil) }
        if keepAlive {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            closeAfter(context.writeAndFlush(wrapOutboundOut(.end(nil))), context: context)
        }
    }

    /// Answers of the router pass through here, so that a connection is closed when its request asked for it, and pages
    /// of other origins may read them.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .passing(let keepAlive) = state else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .body where answersHead:
            promise?.succeed()
        case .head(var head) where !head.status.isInformational:
            if !keepAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            for (name, value) in crossOriginHeaders { head.headers.add(name: name, value: value) }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end where keepAlive:
            state = .idle
            phase.enter(.idle)
            context.write(data, promise: promise)
        case .end:
            state = .closing
            phase.enter(.idle)
            let promise = promise ?? context.eventLoop.makePromise()
            closeAfter(promise.futureResult, context: context)
            context.write(data, promise: promise)
        default:
            context.write(data, promise: promise)
        }
    }

    private func closeAfter(_ written: EventLoopFuture<Void>, context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        written.whenComplete { _ in bound.value.close(promise: nil) }
    }

    // MARK: Endings

    func channelInactive(context: ChannelHandlerContext) {
        if case .awaiting(let pending) = state { pending.abandon() }
        state = .closing
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event, isDeciding {
            // Passed on now, it would make Hummingbird's task close the channel before the answer is there.
            inputIsClosed = true
            return
        }
        guard case ConnectionTimeouts.Event.requestTimedOut = event else {
            return context.fireUserInboundEventTriggered(event)
        }
        switch state {
        case .receiving(let incoming):
            answer(.requestTimeout, to: incoming, closing: true, context: context)
        case .idle:
            // The head never came; there is nothing to answer by the rules of HTTP.
            state = .closing
            context.close(promise: nil)
        case .awaitingKeys, .awaiting, .passing, .closing:
            break
        }
    }

    private var isDeciding: Bool {
        switch state {
        case .awaitingKeys, .awaiting: true
        case .idle, .receiving, .passing, .closing: false
        }
    }

    /// What is not HTTP is answered once and the connection closed, because nothing behind it can be trusted.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        // The last answer may not be flushed yet: what follows it is dropped, and closing is on its way.
        if case .closing = state { return }
        guard case .idle = state else {
            state = .closing
            return context.close(promise: nil)
        }
        answersHead = false
        crossOriginHeaders = []
        let problem: Problem = parserError == .headerOverflow ? .headersTooLarge : .malformedMessage
        let requestID = makeRequestID()
        let answer = Door.run.answer(problem, requestID: requestID, allocator: context.channel.allocator)
        services.observer.refused(problem, requestID: requestID)
        write(answer, requestID: requestID, version: .http1_1, keepAlive: false, context: context)
    }

    private func makeRequestID() -> String {
        var random = SystemRandomNumberGenerator()
        return UUIDv7(at: services.now(), using: &random).description
    }
}

extension ByteBuffer? {
    /// Appends `part`; the first part is kept as it is, without a copy.
    fileprivate mutating func append(_ part: ByteBuffer) {
        guard var whole = self else {
            self = part
            return
        }
        var part = part
        self = nil
        whole.writeBuffer(&part)
        self = whole
    }
}

extension HTTPResponseStatus {
    fileprivate var isInformational: Bool { (100..<200).contains(code) }
}
