internal import ConvexAPI
internal import NIOCore

/// Decides what one HTTP/1.1 connection does next: ask for a body, evaluate a request, answer it, close.
///
/// Pure: events go in, actions come out; no channel, no clock, no thread. One request is in progress at a time. What
/// the client sends beyond it waits in a backlog, and no more is read as long as there is one. No request begins while
/// the client leaves responses unread, nor after ``Limits/requestsPerTurn`` requests in one turn of the event loop, so
/// that the other connections of the loop have theirs.
///
/// The channel handler calls the event's method, carries out the action it returns, and then calls ``next()`` until
/// that returns nil:
///
///     var action = machine.received(.head(exchange))
///     while let current = action { carryOut(current); action = machine.next() }
struct HTTPExchangeStateMachine {
    struct Limits: Sendable {
        /// The largest body that is read, in bytes.
        var body = 16 * 1024
        /// How many requests begin in one turn of the event loop.
        var requestsPerTurn = 4
        /// How many requests wait behind the one in progress. What follows is dropped, and the connection ends with the
        /// response to the last of them.
        var backlog = 24
    }

    /// What the decoder found, in the order in which it stood on the wire.
    enum Input {
        /// The head of a request.
        case head(HTTPExchange)
        /// A part of its body.
        case body(ByteBuffer)
        /// The end of the request.
        case end
        /// Bytes that are not HTTP; see ``HTTPExchange/malformed(_:requestID:)``.
        case malformed(HTTPExchange)
    }

    /// What the channel handler is to do.
    enum Action {
        /// A request begins. Where the client waits to be asked for the body, ask (`100 Continue`).
        case receiveBody(sendsContinue: Bool)
        /// The request is complete: let it be evaluated. Then call ``completed()``, ``awaitRetry()`` or
        /// ``awaitDecision()``.
        case evaluate(HTTPExchange)
        /// Answer with this error, calling ``completed()``.
        indirect case refuse(HTTPExchange, ErrorResponse)
        /// Close the connection without an answer.
        case close
    }

    /// What the channel handler does when nothing can be carried out any more.
    struct Pause {
        /// As ``HTTPExchangeStateMachine/discardsInput``.
        let discardsInput: Bool
        /// As ``HTTPExchangeStateMachine/takeDueTurn()``.
        let continuesInNextTurn: Bool
        /// As ``HTTPExchangeStateMachine/takeDueRead()``.
        let reads: Bool
    }

    private enum State {
        /// Between requests. Then `receiving`, `refusing` or `closing`.
        case idle
        /// The head is here and the end is not. Then `evaluating`, `refusing` or `closing`.
        case receiving(HTTPExchange)
        /// A complete request is evaluated. Then `idle`, `closing`, `awaitingRetry` or `awaitingDecision`.
        case evaluating(HTTPExchange)
        /// The request waits for a key set, or for its address's turn, and is then evaluated again. Then `evaluating`.
        case awaitingRetry(HTTPExchange)
        /// A token was asked for, and the engine decides. Then `evaluating`.
        case awaitingDecision(HTTPExchange)
        /// An error is about to be written. Then `closing`, if `closes` or the request says so, else `idle`.
        case refusing(HTTPExchange, closes: Bool)
        /// The last response was sent, or there will be none. What still comes is dropped. The end.
        case closing
    }

    private let limits: Limits
    private var state = State.idle
    private var backlog = RequestBacklog()
    /// Whether the channel takes more bytes of responses.
    private var isWritable = true
    /// How many requests may still begin in this turn of the event loop.
    private var turnAllowance: Int
    /// Whether the handler has been told to come back in the next turn.
    private var nextTurnIsDue = false
    /// Whether the handler was to read while that was not possible.
    private var readIsDue = false
    /// Whether requests were dropped because the backlog was full.
    private var hasDropped = false
    /// Whether the client has said that it sends no more. It may still read: what it asked for is answered first.
    private var inputIsClosed = false
    /// Whether the server is about to end: the request in progress is the last.
    private var isQuiescing = false
    /// Whether the server will end soon: the last request that has come is the last of the connection.
    private var isDraining = false

    init(limits: Limits = Limits()) {
        self.limits = limits
        turnAllowance = limits.requestsPerTurn
    }

    // MARK: Questions

    /// Whether the connection outlives the response to the request in progress, as far as is known now.
    var keepsConnection: Bool {
        switch state {
        case .receiving(let exchange), .evaluating(let exchange), .awaitingRetry(let exchange),
            .awaitingDecision(let exchange), .refusing(let exchange, closes: false):
            exchange.keepsConnection && !isLastRequest
        case .idle, .closing, .refusing(_, closes: true):
            false
        }
    }

    /// Whether the connection ends with the response to the request in progress, even if the request asked to keep it.
    private var isLastRequest: Bool { isQuiescing || (inputIsClosed || hasDropped || isDraining) && backlog.isEmpty }

    /// Whether what still comes is of no interest: it need not be decoded.
    var discardsInput: Bool {
        switch state {
        case .closing: true
        case .evaluating(let exchange), .awaitingRetry(let exchange), .awaitingDecision(let exchange):
            hasDropped || exchange.endsHTTP
        case .idle, .receiving, .refusing: hasDropped
        }
    }

    /// Whether a request is complete and its response is not.
    private var isAnswering: Bool {
        switch state {
        case .idle, .receiving, .closing: false
        case .evaluating, .awaitingRetry, .awaitingDecision, .refusing: true
        }
    }

    /// Whether the next input can be taken at once.
    private var takesInput: Bool {
        switch state {
        case .idle: isWritable && turnAllowance > 0
        case .receiving, .closing: true
        case .evaluating, .awaitingRetry, .awaitingDecision, .refusing: false
        }
    }

    // MARK: What the client sends

    /// The decoder found something.
    mutating func received(_ input: Input) -> Action? {
        if case .closing = state { return nil }
        guard backlog.isEmpty, takesInput else {
            if !hasDropped, !backlog.append(input, limits) { hasDropped = true }
            return nil
        }
        return take(input)
    }

    /// The next thing to do with what came while it could not be taken; nil when nothing can be done now.
    mutating func next() -> Action? {
        while takesInput, let input = backlog.popFirst() {
            if let action = take(input) { return action }
        }
        return nil
    }

    private mutating func take(_ input: Input) -> Action? {
        switch (input, state) {
        case (.head(let exchange), .idle):
            return begin(exchange)
        case (.body(let part), .receiving(let exchange)):
            exchange.receive(part)
            return exchange.bodySize > limits.body ? refuseBody(of: exchange) : nil
        case (.end, .receiving(let exchange)):
            return end(exchange)
        case (.malformed(let exchange), .idle):
            turnAllowance -= 1
            return refuse(exchange, exchange.headError ?? .malformedMessage, closes: true)
        case (.malformed, .receiving):
            // An error in the middle of a request: nothing behind it can be trusted.
            state = .closing
            return .close
        default:
            // Parts of a request that was answered early; the connection is closing.
            return nil
        }
    }

    private mutating func begin(_ exchange: HTTPExchange) -> Action {
        turnAllowance -= 1
        if let length = exchange.announcedLength, length > limits.body { return refuseBody(of: exchange) }
        if exchange.expectsContinue, let error = exchange.headError { return refuse(exchange, error, closes: true) }
        state = .receiving(exchange)
        return .receiveBody(sendsContinue: exchange.expectsContinue)
    }

    private mutating func end(_ exchange: HTTPExchange) -> Action {
        if let error = exchange.headError { return refuse(exchange, error, closes: false) }
        state = .evaluating(exchange)
        return .evaluate(exchange)
    }

    /// Refuses a body that is too large, without reading the rest of it.
    private mutating func refuseBody(of exchange: HTTPExchange) -> Action {
        refuse(exchange, exchange.headError ?? .bodyTooLarge(limit: limits.body), closes: true)
    }

    private mutating func refuse(_ exchange: HTTPExchange, _ error: ErrorResponse, closes: Bool) -> Action {
        state = .refusing(exchange, closes: closes)
        return .refuse(exchange, error)
    }

    // MARK: Responses

    /// The response to the request in progress is complete and about to be sent.
    ///
    /// - Returns: Whether the connection is kept. Otherwise it is to be closed once the response is sent.
    mutating func completed() -> Bool {
        let keepsConnection = keepsConnection
        if keepsConnection { state = .idle } else { close() }
        return keepsConnection
    }

    /// The request waits for something that may change its evaluation.
    mutating func awaitRetry() {
        guard case .evaluating(let exchange) = state else { return assertionFailure("\(state) awaits no retry") }
        state = .awaitingRetry(exchange)
    }

    /// What the request waited for has come: it is evaluated once more.
    mutating func retry() -> Action? {
        guard case .awaitingRetry(let exchange) = state else { return nil }
        state = .evaluating(exchange)
        return .evaluate(exchange)
    }

    /// The engine has taken the request.
    mutating func awaitDecision() {
        guard case .evaluating(let exchange) = state else { return assertionFailure("\(state) awaits no decision") }
        state = .awaitingDecision(exchange)
    }

    /// The engine has decided.
    ///
    /// - Returns: The request to answer, calling ``completed()``. Nil when the client has gone meanwhile.
    mutating func decided() -> HTTPExchange? {
        guard case .awaitingDecision(let exchange) = state else { return nil }
        state = .evaluating(exchange)
        return exchange
    }

    /// Whether the channel takes more bytes of responses: false while the client leaves too many unread.
    mutating func writabilityChanged(_ isWritable: Bool) {
        self.isWritable = isWritable
    }

    // MARK: Turns of the event loop

    /// The channel has read what there was. What comes after it comes in another turn.
    mutating func readCompleted() {
        if !nextTurnIsDue { turnAllowance = limits.requestsPerTurn }
    }

    /// Whether the handler is to come back in the next turn of the event loop, and to call ``turnBegan()`` and
    /// ``next()`` then. True once for each turn.
    mutating func takeDueTurn() -> Bool {
        guard !nextTurnIsDue, case .idle = state, turnAllowance <= 0, isWritable, !backlog.isEmpty else { return false }
        nextTurnIsDue = true
        return true
    }

    /// The turn has come that ``takeDueTurn()`` asked for.
    mutating func turnBegan() {
        turnAllowance = limits.requestsPerTurn
        nextTurnIsDue = false
    }

    // MARK: Reading

    private var canRead: Bool {
        if case .closing = state { return true }
        return backlog.isEmpty && isWritable && !discardsInput
    }

    /// The channel is about to read from the socket. Whether it may; otherwise ``takeDueRead()`` says when.
    mutating func mayRead() -> Bool {
        if canRead { return true }
        readIsDue = true
        return false
    }

    /// Whether a read that was held back is to be made up for. True once for each.
    mutating func takeDueRead() -> Bool {
        guard readIsDue, canRead, !isAnswering else { return false }
        readIsDue = false
        return true
    }

    /// Nothing can be carried out any more. In one call, because the handler comes here four times a request.
    mutating func pause() -> Pause {
        Pause(discardsInput: discardsInput, continuesInNextTurn: takeDueTurn(), reads: takeDueRead())
    }

    // MARK: Endings

    /// The client sends no more.
    ///
    /// - Returns: Whether the connection is to be closed. Not before everything that the client asked for is answered.
    mutating func inputClosed() -> Bool {
        inputIsClosed = true
        switch state {
        case .closing: return true
        case .idle, .receiving:
            guard backlog.isEmpty else { return false }
            close()
            return true
        case .evaluating, .awaitingRetry, .awaitingDecision, .refusing: return false
        }
    }

    /// Whether the connection is closed at once behind the last response: the client sends no more, or it has sent far
    /// more than it may and need not be waited for.
    var closesAtOnce: Bool { inputIsClosed || hasDropped }

    /// The server will end soon. Connections end with the response to what has come, so that none is closed on a client
    /// that is about to send.
    mutating func drain() {
        isDraining = true
    }

    /// The server is about to end: a request that has begun is answered, and none begins.
    mutating func quiesce() -> Action? {
        isQuiescing = true
        guard case .idle = state else { return nil }
        close()
        return .close
    }

    /// The head or the body of a request did not arrive in time.
    mutating func requestTimedOut() -> Action? {
        switch state {
        case .receiving(let exchange):
            return refuse(exchange, .requestTimeout, closes: true)
        case .idle:
            // The head never came; there is nothing to answer by the rules of HTTP.
            close()
            return .close
        case .evaluating, .awaitingRetry, .awaitingDecision, .refusing, .closing:
            return nil
        }
    }

    /// The connection is gone.
    ///
    /// - Returns: The request for whose decision the client no longer waits.
    mutating func connectionClosed() -> HTTPExchange? {
        defer { close() }
        if case .awaitingDecision(let exchange) = state { return exchange }
        return nil
    }

    private mutating func close() {
        state = .closing
        backlog = RequestBacklog()
    }
}
