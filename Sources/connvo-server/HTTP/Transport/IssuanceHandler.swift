internal import ConvexAPI
internal import Domain
internal import JOSE
internal import NIOCore
internal import NIOHTTP1
internal import Persistence
internal import PostgreSQL

/// Answers the hot route on the event loop, before any router or middleware; passes every other request on.
///
/// It stands behind NIO's HTTP decoder and takes one request at a time; what the peer sends beyond that waits in a
/// backlog. It also holds the guards that every route shares: the size of bodies, malformed HTTP, closing when a peer
/// asks for it or the server is about to end.
///
/// NIO's own handler for pipelining is not in use, because it stops reading during every request: two calls of
/// `epoll_ctl` each.
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

    /// A class, because it is handed on with every part that comes.
    private final class Incoming {
        let head: HTTPRequestHead
        var route: Route
        let fields: RequestFields
        /// The client's, when it sent a sane one; ours otherwise.
        let requestID: String
        var body: ByteBuffer?
        var bodySize = 0
        /// Decided from the head alone.
        var problem: ErrorResponse?
        /// Set after the one wait for a new key set that a request may have.
        var waitedForKeys: TimeAmount?

        init(_ head: HTTPRequestHead, fields: RequestFields, requestID: String) {
            self.head = head
            route = Route(uri: head.uri)
            self.fields = fields
            self.requestID = requestID
        }

        var isForEndpoint: Bool { route != .other }
    }

    /// What came while a request was being answered.
    private enum Backlogged {
        case part(HTTPServerRequestPart)
        case failure(HTTPParserError)
    }

    private enum Route: Equatable {
        /// A call; at the action endpoint, the body says of which function.
        case function(Endpoint)
        case unknownFunction(path: Substring)
        /// A browser asks whether a page may call.
        case preflight
        /// Anything else: the router knows.
        case other

        init(uri: String) {
            let path = uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { uri[..<$0] } ?? uri[...]
            if path == RunEndpoint.path {
                self = .function(.run)
            } else if path == ActionEndpoint.path {
                self = .function(.action)
            } else if path.hasPrefix(RunEndpoint.prefix) {
                self = .unknownFunction(path: path.dropFirst(RunEndpoint.prefix.count))
            } else {
                self = .other
            }
        }

        /// Which endpoint writes the response.
        var endpoint: Endpoint {
            if case .function(let endpoint) = self { endpoint } else { .run }
        }
    }

    private let services: Services
    private let replies: EventLoopReplies
    private let phase: ConnectionPhase
    private let writer: WholeAnswerWriter
    private var state = State.idle
    /// At most what one read from the socket brought: as long as there is something, no more is read.
    private var backlog = CircularBuffer<Backlogged>()
    private var isWorkingOff = false
    /// Whether more was to be read while there was a backlog.
    private var readIsDue = false
    /// Whether the request being answered is a HEAD, whose answer has no body (RFC 9110, section 9.3.2).
    private var answersHead = false
    /// Who may read the answer to the request at hand, as headers; empty unless CORS is on.
    private var crossOriginHeaders: [(String, String)] = []
    /// Whether the peer has said that it sends no more. It may still read: what it asked for is answered first.
    private var inputIsClosed = false
    /// Whether the server is about to end: the request at hand is the last.
    private var isQuiescing = false
    private var date = HTTPDate()
    private var random = BufferedRandomNumberGenerator()
    /// The peer's address, looked up once a connection.
    private var peer: String?

    init(services: Services, replies: EventLoopReplies, phase: ConnectionPhase, writer: WholeAnswerWriter) {
        self.services = services
        self.replies = replies
        self.phase = phase
        self.writer = writer
    }

    func handlerAdded(context: ChannelHandlerContext) {
        peer = context.remoteAddress?.ipAddress
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if isBusy { backlog.append(.part(part)) } else { take(part, context: context) }
    }

    /// Whether what comes now has to wait.
    private var isBusy: Bool {
        switch state {
        case .idle, .receiving: !backlog.isEmpty
        case .awaitingKeys, .awaiting, .passing: true
        case .closing: false
        }
    }

    private func take(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        switch (part, state) {
        case (.head(let head), .idle):
            receive(head, context: context)
        case (.body(let part), .receiving(let incoming)):
            incoming.bodySize += part.readableBytes
            guard incoming.bodySize <= Self.bodyLimit else {
                return answer(
                    incoming.problem ?? .bodyTooLarge(limit: Self.bodyLimit),
                    to: incoming,
                    closing: true,
                    context: context
                )
            }
            if incoming.isForEndpoint { incoming.body.append(part) }
        case (.end, .receiving(let incoming)):
            phase.enter(.answering)
            dispatch(incoming, context: context)
        default:
            // Parts of a request that was answered early; the connection is closing.
            break
        }
    }

    /// Goes on with what came while a request was being answered.
    private func workOffBacklog(context: ChannelHandlerContext) {
        // An answer given on the way leads here again: the first call does it all.
        guard !isWorkingOff else { return }
        isWorkingOff = true
        defer { isWorkingOff = false }
        loop: while true {
            switch state {
            case .awaitingKeys, .awaiting, .passing: return
            case .closing: backlog.removeAll()
            case .idle, .receiving: break
            }
            guard let next = backlog.popFirst() else { break loop }
            switch next {
            case .part(let part): take(part, context: context)
            case .failure(let error): refuse(error, context: context)
            }
        }
        if readIsDue {
            readIsDue = false
            context.read()
        }
    }

    func read(context: ChannelHandlerContext) {
        if backlog.isEmpty { context.read() } else { readIsDue = true }
    }

    private func receive(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        phase.enter(.receivingBody)
        answersHead = head.method == .HEAD
        if let crossOrigin = services.crossOrigin { crossOriginHeaders = crossOrigin.headers(for: head.headers) }
        let fields = RequestFields(head.headers)
        let requestID = fields.requestID ?? makeRequestID()
        let incoming = Incoming(head, fields: fields, requestID: requestID)
        if incoming.isForEndpoint, head.method != .POST {
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
            var interim = context.channel.allocator.buffer(capacity: 32)
            interim.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
            writer.send(interim)
        }
        state = .receiving(incoming)
    }

    private func dispatch(_ incoming: Incoming, context: ChannelHandlerContext) {
        guard incoming.isForEndpoint else {
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

    /// Both endpoints: the order of the checks is that of docs/errors.md.
    private func run(_ incoming: Incoming, now: Timestamp, context: ChannelHandlerContext) throws(ErrorResponse) {
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
            throw ErrorResponse(error.reason)
        }
        if case .unknownFunction(let path) = incoming.route {
            throw .functionNotFound(RunEndpoint.functionName(of: path))
        }
        let endpoint = incoming.route.endpoint
        let arguments = try endpoint.arguments(from: Array((incoming.body ?? ByteBuffer()).readableBytesView))

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
            completionQueue: replies
        ) { outcome in
            let (handler, context) = bound.value
            handler.finish(outcome, endpoint: endpoint, version: version, keepAlive: keepAlive, context: context)
        }
        switch submission {
        case .taken(let pending):
            state = .awaiting(pending)
        case .answered(let outcome, let request):
            answer(outcome, of: request, endpoint: endpoint, version: version, keepAlive: keepAlive, context: context)
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
        guard case .awaitingKeys(let incoming, let since) = state, context.channel.isActive else { return }
        incoming.waitedForKeys = .now() - since
        dispatch(incoming, context: context)
    }

    private func finish(
        _ outcome: IssuanceOutcome,
        endpoint: Endpoint,
        version: HTTPVersion,
        keepAlive: Bool,
        context: ChannelHandlerContext
    ) {
        // The peer may have gone meanwhile; its record stands.
        guard case .awaiting(let pending) = state, context.channel.isActive else { return }
        answer(
            outcome,
            of: pending.request,
            endpoint: endpoint,
            version: version,
            keepAlive: keepAlive,
            context: context
        )
    }

    private func answer(
        _ outcome: IssuanceOutcome,
        of request: IssuanceRequest,
        endpoint: Endpoint,
        version: HTTPVersion,
        keepAlive: Bool,
        context: ChannelHandlerContext
    ) {
        let answer = endpoint.response(to: request, outcome: outcome)
        services.observer.answered(outcome, requestID: request.requestID)
        write(answer, requestID: request.requestID, version: version, keepAlive: keepAlive, context: context)
    }

    // MARK: Answers

    private func answer(_ problem: ErrorResponse, to incoming: Incoming, closing: Bool, context: ChannelHandlerContext)
    {
        let answer = incoming.route.endpoint.failure(problem, requestID: incoming.requestID)
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
            EndpointResponse(status: 204, body: [], headers: CrossOriginPolicy.preflight),
            requestID: incoming.requestID,
            version: incoming.head.version,
            keepAlive: incoming.head.isKeepAlive,
            context: context
        )
    }

    private func write(
        _ answer: EndpointResponse,
        requestID: String,
        version: HTTPVersion,
        keepAlive: Bool,
        context: ChannelHandlerContext
    ) {
        let keepAlive = keepAlive && !isLastRequest
        let body = answer.body
        var whole = context.channel.allocator.buffer(capacity: 512 + body.count)
        whole.writeStatusLine(answer.status, version: version)
        // 204 has neither a body nor a length (RFC 9110, section 8.6).
        if !body.isEmpty {
            whole.writeStaticString("Content-Type: application/json; charset=utf-8\r\n")
            whole.writeField("Content-Length", String(body.count))
        }
        whole.writeStaticString("Cache-Control: no-store\r\n")
        whole.writeField("X-Request-Id", requestID)
        whole.writeField("Date", date.text(at: services.now()))
        for (name, value) in answer.headers { whole.writeField(name, value) }
        for (name, value) in crossOriginHeaders { whole.writeField(name, value) }
        if !keepAlive {
            whole.writeStaticString("Connection: close\r\n")
        } else if version == .http1_0 {
            whole.writeStaticString("Connection: keep-alive\r\n")
        }
        whole.writeStaticString("\r\n")
        if !answersHead { whole.writeBytes(body) }

        phase.enter(.idle)
        if keepAlive {
            state = .idle
            writer.send(whole)
        } else {
            state = .closing
            let written = context.eventLoop.makePromise(of: Void.self)
            closeAfter(written.futureResult, context: context)
            writer.send(whole, promise: written)
        }
        workOffBacklog(context: context)
    }

    /// Whether the connection ends with the answer at hand, whatever its request asked for.
    private var isLastRequest: Bool { isQuiescing || inputIsClosed && backlog.isEmpty }

    /// Answers of the router pass through here, so that a connection is closed when its request asked for it, and pages
    /// of other origins may read them.
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .passing(let keepAlive) = state else { return context.write(data, promise: promise) }
        switch unwrapOutboundIn(data) {
        case .body where answersHead:
            promise?.succeed()
        case .head(var head) where !head.status.isInformational:
            if !keepAlive || isLastRequest { head.headers.replaceOrAdd(name: "Connection", value: "close") }
            for (name, value) in crossOriginHeaders { head.headers.add(name: name, value: value) }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            phase.enter(.idle)
            if keepAlive && !isLastRequest {
                state = .idle
                context.writeAndFlush(data, promise: promise)
            } else {
                state = .closing
                let promise = promise ?? context.eventLoop.makePromise()
                closeAfter(promise.futureResult, context: context)
                context.writeAndFlush(data, promise: promise)
            }
            workOffBacklog(context: context)
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
        switch event {
        case ChannelEvent.inputClosed where isBusy:
            // Passed on now, it would make Hummingbird's task close the channel before the answer is there.
            inputIsClosed = true
            return
        case is ChannelShouldQuiesceEvent:
            return quiesce(context: context)
        default:
            break
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

    /// The server is about to end: a request that has begun is answered, and none is begun.
    private func quiesce(context: ChannelHandlerContext) {
        isQuiescing = true
        switch state {
        case .idle where backlog.isEmpty:
            state = .closing
            context.close(promise: nil)
        case .awaitingKeys, .awaiting, .passing:
            backlog.removeAll()
        case .idle, .receiving, .closing:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        if isBusy { backlog.append(.failure(parserError)) } else { refuse(parserError, context: context) }
    }

    /// What is not HTTP is answered once and the connection closed, because nothing behind it can be trusted.
    private func refuse(_ parserError: HTTPParserError, context: ChannelHandlerContext) {
        // The last answer may not be flushed yet: what follows it is dropped, and closing is on its way.
        if case .closing = state { return }
        guard case .idle = state else {
            state = .closing
            return context.close(promise: nil)
        }
        answersHead = false
        crossOriginHeaders = []
        let problem: ErrorResponse = parserError == .headerOverflow ? .headersTooLarge : .malformedMessage
        let requestID = makeRequestID()
        let answer = Endpoint.run.failure(problem, requestID: requestID)
        services.observer.refused(problem, requestID: requestID)
        write(answer, requestID: requestID, version: .http1_1, keepAlive: false, context: context)
    }

    private func makeRequestID() -> String {
        UUIDv7(at: services.now(), using: &random).description
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
