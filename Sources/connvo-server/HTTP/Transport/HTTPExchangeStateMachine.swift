internal import ConvexAPI
internal import NIOCore

/// Decides what one HTTP/1.1 connection does next: ask for a body, evaluate a request, answer it, close.
///
/// Pure: events go in, actions come out; no channel, no clock, no thread. One request is in progress at a time. What
/// the client sends beyond it waits in a backlog, and no more is read as long as there is one.
///
/// The channel handler calls the event's method, carries out the action it returns, and then calls ``next()`` until
/// that returns nil:
///
///     var action = machine.received(.head(exchange))
///     while let current = action { carryOut(current); action = machine.next() }
struct HTTPExchangeStateMachine {
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
        /// The request is complete: let its endpoint evaluate it. Then call ``completed()``, ``awaitKeys()`` or
        /// ``awaitDecision()``.
        case evaluate(HTTPExchange)
        /// The request is complete: pass it to the router, and call ``completed()`` at the end of its response.
        case forward(HTTPExchange)
        /// Answer with this error, calling ``completed()``.
        case refuse(HTTPExchange, ErrorResponse)
        /// Close the connection without an answer.
        case close
    }

    private enum State {
        /// Between requests. Then `receiving`, `refusing` or `closing`.
        case idle
        /// The head is here and the end is not. Then `evaluating`, `forwarded`, `refusing` or `closing`.
        case receiving(HTTPExchange)
        /// The endpoint works on a complete request. Then `idle`, `closing`, `awaitingKeys` or `awaitingDecision`.
        case evaluating(HTTPExchange)
        /// The key that the caller's token names is unknown, and the key set is being read. Then `evaluating`.
        case awaitingKeys(HTTPExchange)
        /// A token was asked for, and the engine decides. Then `evaluating`.
        case awaitingDecision(HTTPExchange)
        /// The router answers. Then `idle` or `closing`.
        case forwarded(HTTPExchange)
        /// An error is about to be written. Then `closing`, if `closes` or the request says so, else `idle`.
        case refusing(HTTPExchange, closes: Bool)
        /// The last response was sent, or there will be none. What still comes is dropped. The end.
        case closing
    }

    /// The largest body that is read, in bytes.
    private let bodyLimit: Int
    private var state = State.idle
    /// At most what one read from the socket brought.
    private var backlog = CircularBuffer<Input>()
    /// Whether the handler was to read while there was a backlog.
    private var readIsDue = false
    /// Whether the client has said that it sends no more. It may still read: what it asked for is answered first.
    private var inputIsClosed = false
    /// Whether the server is about to end: the request in progress is the last.
    private var isQuiescing = false

    init(bodyLimit: Int) {
        self.bodyLimit = bodyLimit
    }

    // MARK: Questions

    /// The request that the router is answering.
    var forwardedExchange: HTTPExchange? {
        if case .forwarded(let exchange) = state { exchange } else { nil }
    }

    /// Whether the connection outlives the response to the request in progress, as far as is known now.
    var keepsConnection: Bool {
        switch state {
        case .receiving(let exchange), .evaluating(let exchange), .awaitingKeys(let exchange),
            .awaitingDecision(let exchange), .forwarded(let exchange), .refusing(let exchange, closes: false):
            exchange.keepsConnection && !isLastRequest
        case .idle, .closing, .refusing(_, closes: true):
            false
        }
    }

    /// Whether the connection ends with the response to the request in progress, even if the request asked to keep it.
    private var isLastRequest: Bool { isQuiescing || inputIsClosed && backlog.isEmpty }

    /// Whether a request is complete and its response is not.
    private var isAnswering: Bool {
        switch state {
        case .idle, .receiving, .closing: false
        case .evaluating, .awaitingKeys, .awaitingDecision, .forwarded, .refusing: true
        }
    }

    /// Whether what comes now has to wait.
    private var isBusy: Bool {
        switch state {
        case .closing: false
        default: isAnswering || !backlog.isEmpty
        }
    }

    // MARK: What the client sends

    /// The decoder found something.
    mutating func received(_ input: Input) -> Action? {
        guard !isBusy else {
            backlog.append(input)
            return nil
        }
        return take(input)
    }

    /// The next thing to do with what came while a request was being answered; nil when nothing can be done now.
    mutating func next() -> Action? {
        while !isAnswering, let input = backlog.popFirst() {
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
            return exchange.bodySize > bodyLimit ? refuseBody(of: exchange) : nil
        case (.end, .receiving(let exchange)):
            return end(exchange)
        case (.malformed(let exchange), .idle):
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
        if let length = exchange.announcedLength, length > bodyLimit { return refuseBody(of: exchange) }
        if exchange.expectsContinue, let error = exchange.headError { return refuse(exchange, error, closes: true) }
        state = .receiving(exchange)
        return .receiveBody(sendsContinue: exchange.expectsContinue)
    }

    private mutating func end(_ exchange: HTTPExchange) -> Action {
        if let error = exchange.headError { return refuse(exchange, error, closes: false) }
        if exchange.isForRouter {
            state = .forwarded(exchange)
            return .forward(exchange)
        }
        state = .evaluating(exchange)
        return .evaluate(exchange)
    }

    /// Refuses a body that is too large, without reading the rest of it.
    private mutating func refuseBody(of exchange: HTTPExchange) -> Action {
        refuse(exchange, exchange.headError ?? .bodyTooLarge(limit: bodyLimit), closes: true)
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
        state = keepsConnection ? .idle : .closing
        return keepsConnection
    }

    /// The endpoint waits for a key set that may have the key which the caller's token names.
    mutating func awaitKeys() {
        guard case .evaluating(let exchange) = state else { return assertionFailure("\(state) awaits no keys") }
        state = .awaitingKeys(exchange)
    }

    /// The key set was read: the request is evaluated once more.
    mutating func keysWereRead() -> Action? {
        guard case .awaitingKeys(let exchange) = state else { return nil }
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

    // MARK: Reading

    /// The channel is about to read from the socket. Whether it may; otherwise ``takeDueRead()`` says when.
    mutating func mayRead() -> Bool {
        if backlog.isEmpty { return true }
        readIsDue = true
        return false
    }

    /// Whether a read that was held back is to be made up for. True once for each.
    mutating func takeDueRead() -> Bool {
        guard readIsDue, backlog.isEmpty, !isAnswering else { return false }
        readIsDue = false
        return true
    }

    // MARK: Endings

    /// The client sends no more.
    ///
    /// - Returns: Whether the handlers behind may hear of it. They would close the connection, so not before everything
    ///   is answered.
    mutating func inputClosed() -> Bool {
        guard isBusy else { return true }
        inputIsClosed = true
        return false
    }

    /// The server is about to end: a request that has begun is answered, and none begins.
    mutating func quiesce() -> Action? {
        isQuiescing = true
        guard case .idle = state, backlog.isEmpty else { return nil }
        state = .closing
        return .close
    }

    /// The head or the body of a request did not arrive in time.
    mutating func requestTimedOut() -> Action? {
        switch state {
        case .receiving(let exchange):
            return refuse(exchange, .requestTimeout, closes: true)
        case .idle:
            // The head never came; there is nothing to answer by the rules of HTTP.
            state = .closing
            return .close
        case .evaluating, .awaitingKeys, .awaitingDecision, .forwarded, .refusing, .closing:
            return nil
        }
    }

    /// The connection is gone.
    ///
    /// - Returns: The request for whose decision the client no longer waits.
    mutating func connectionClosed() -> HTTPExchange? {
        defer {
            state = .closing
            backlog.removeAll()
        }
        if case .awaitingDecision(let exchange) = state { return exchange }
        return nil
    }
}
