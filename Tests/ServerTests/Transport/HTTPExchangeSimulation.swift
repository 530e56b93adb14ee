import ConvexAPI
import NIOCore
import NIOHTTP1
import TestSupport

@testable import connvo_server

/// Plays a client, an endpoint and a router against ``HTTPExchangeStateMachine`` by a seeded generator, and checks after
/// every step what must always hold. It carries out actions as ``HTTPExchangeHandler`` does.
struct HTTPExchangeSimulation {
    /// What was broken, with the seed that shows it again.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// What the client sends as one request, or in place of one.
    private struct Request {
        enum Kind {
            case call, router, wrongMethod, malformed

            var headError: ErrorResponse? {
                switch self {
                case .call, .router: nil
                case .wrongMethod: .methodNotAllowed(allow: "POST")
                case .malformed: .malformedMessage
                }
            }
        }

        let kind: Kind
        let exchange: HTTPExchange
        let asksToClose: Bool
        let announcedLength: Int?
        let expectsContinue: Bool
        /// Whether it ends in bytes that are not HTTP.
        let isBroken: Bool
        let parts: [[UInt8]]

        var body: [UInt8] { parts.flatMap { $0 } }
        /// Whether it is refused before its end.
        var isTooLarge: Bool { announcedLength ?? 0 > limit || parts.map(\.count).reduce(0, +) > limit }
    }

    /// What the endpoint, the router or the engine is doing.
    private enum Work: Equatable {
        case none, evaluating, awaitingKeys, awaitingDecision, forwarded
    }

    private static let limit = 8

    private var machine = HTTPExchangeStateMachine(bodyLimit: limit)
    private var generator: SeededGenerator
    private let seed: UInt64
    private var trace: [String] = []

    private var requests: [Request] = []
    /// Inputs that the client has sent and the decoder has not found yet.
    private var wire: [HTTPExchangeStateMachine.Input] = []
    /// How many requests have a response, complete or not.
    private var answered = 0
    private var work = Work.none
    /// The index of the request in progress.
    private var current: Int?
    private var isQuiescing = false
    private var isTimingOut = false
    private var inputIsClosed = false
    /// Whether a read was held back and is not made up for.
    private var readIsHeld = false
    private var isClosed = false
    private var answersAfterQuiescing = 0

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        self.seed = seed
    }

    // MARK: Schedules

    mutating func runAtRandom(steps: Int) throws(Violation) {
        for _ in 0..<steps {
            switch Int.random(in: 0..<100, using: &generator) {
            case 0..<25: send()
            case 25..<55: try receive()
            case 55..<85: try proceed()
            case 85..<95: try read()
            case 95: try quiesce()
            case 96: try closeInput()
            case 97: try timeOut()
            case 98 where Bool.random(using: &generator): try disconnect()
            default: break
            }
            try check()
        }
    }

    /// Lets the decoder, the endpoint and the router finish, and checks that nothing is left.
    mutating func settle() throws(Violation) {
        for _ in 0..<10_000 {
            if isClosed || wire.isEmpty && work == .none { break }
            if !wire.isEmpty { try receive() }
            try proceed()
            try check()
        }
        try expect(isClosed || work == .none && wire.isEmpty, "it does not come to rest")
        if !isClosed {
            try expect(answered == requests.count, "\(requests.count - answered) requests have no response")
            try expect(!readIsHeld, "a read is held back for ever")
            try expect(!isQuiescing, "the server ends, and the connection does not")
        }
    }

    // MARK: The client

    private mutating func send() {
        guard !inputIsClosed, requests.count < 200 else { return }
        let request = makeRequest()
        requests.append(request)
        guard request.kind != .malformed else { return wire.append(.malformed(request.exchange)) }
        wire.append(.head(request.exchange))
        for part in request.parts { wire.append(.body(ByteBuffer(bytes: part))) }
        wire.append(request.isBroken ? .malformed(request.exchange) : .end)
    }

    private mutating func makeRequest() -> Request {
        let kinds: [Request.Kind] = [.call, .call, .call, .router, .router, .wrongMethod]
        let isMalformed = Int.random(in: 0..<40, using: &generator) == 0
        let kind = isMalformed ? .malformed : kinds.randomElement(using: &generator) ?? .call
        let asksToClose = Int.random(in: 0..<12, using: &generator) == 0
        let expectsContinue = Int.random(in: 0..<5, using: &generator) == 0
        var parts: [[UInt8]] = []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let size = Int.random(in: 1...(Int.random(in: 0..<10, using: &generator) == 0 ? 9 : 2), using: &generator)
            parts.append((0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        let length = Bool.random(using: &generator) ? parts.map(\.count).reduce(0, +) : nil
        var headers = HTTPHeaders()
        if asksToClose { headers.add(name: "Connection", value: "close") }
        if expectsContinue { headers.add(name: "Expect", value: "100-continue") }
        if let length { headers.add(name: "Content-Length", value: "\(length)") }
        let uri = kind == .router ? "/livez" : ActionEndpoint.path
        let exchange = HTTPExchange(
            head: HTTPRequestHead(version: .http1_1, method: .POST, uri: uri, headers: headers),
            route: Route(uri: uri),
            fields: RequestFields(headers),
            requestID: "\(requests.count)",
            headError: kind.headError
        )
        return Request(
            kind: kind,
            exchange: exchange,
            asksToClose: asksToClose,
            announcedLength: length,
            expectsContinue: expectsContinue,
            isBroken: Int.random(in: 0..<40, using: &generator) == 0,
            parts: parts
        )
    }

    // MARK: The channel

    private mutating func receive() throws(Violation) {
        guard !wire.isEmpty, !isClosed else { return }
        let input = wire.removeFirst()
        note("received \(Self.name(input))")
        try perform(machine.received(input))
    }

    private mutating func read() throws(Violation) {
        guard !isClosed else { return }
        let mayRead = machine.mayRead()
        try expect(mayRead == !hasBacklog, "it may be read: \(mayRead)")
        if !mayRead { readIsHeld = true }
    }

    /// What ``HTTPExchangeHandler`` does with an action.
    private mutating func perform(_ action: HTTPExchangeStateMachine.Action?) throws(Violation) {
        var action = action
        while true {
            if let current = action { try carryOut(current) }
            action = machine.next()
            if action == nil { break }
        }
        if machine.takeDueRead() {
            try expect(readIsHeld, "a read is made up for that was not held back")
            readIsHeld = false
        }
    }

    private mutating func carryOut(_ action: HTTPExchangeStateMachine.Action) throws(Violation) {
        note("\(Self.name(action))")
        try expect(!isClosed, "an action on a closed connection")
        switch action {
        case .receiveBody(let sendsContinue):
            try expect(work == .none && current == nil, "a request begins while another is in progress")
            current = answered
            let request = requests[answered]
            let isAsked = request.expectsContinue && request.kind != .wrongMethod
            try expect(sendsContinue == isAsked, "asking for the body: \(sendsContinue)")
            try expect(request.announcedLength ?? 0 <= Self.limit, "a body too large is read")
        case .evaluate(let exchange):
            if work == .awaitingKeys {
                try expect(exchange === requests[answered].exchange, "another request goes on")
            } else {
                try begin(exchange, .call)
            }
            work = .evaluating
            try evaluate()
        case .forward(let exchange):
            try begin(exchange, .router)
            work = .forwarded
        case .refuse(let exchange, let error):
            try expect(work == .none, "an error in the middle of an answer")
            try expect(exchange === requests[answered].exchange, "the error is for another request")
            let request = requests[answered]
            let isKept =
                switch error.code {
                case "METHOD_NOT_ALLOWED":
                    !request.isTooLarge && !request.expectsContinue
                case "PAYLOAD_TOO_LARGE", "REQUEST_TIMEOUT", "VALIDATION_ERROR": false
                default: throw violation("refused with \(error.code)")
                }
            if error.code == "METHOD_NOT_ALLOWED" { try expect(request.kind == .wrongMethod, "405 for a call") }
            if error.code == "PAYLOAD_TOO_LARGE" { try expect(request.isTooLarge, "413 for a small body") }
            if error.code == "VALIDATION_ERROR" { try expect(request.kind == .malformed, "400 for a request") }
            try complete(isKept: isKept)
        case .close:
            try expect(work == .none, "closed in the middle of an answer")
            let isBroken = current.map { requests[$0].isBroken } ?? false
            try expect(isBroken || isQuiescing || isTimingOut, "closed for no reason")
            isClosed = true
        }
    }

    private mutating func begin(_ exchange: HTTPExchange, _ kind: Request.Kind) throws(Violation) {
        try expect(work == .none, "two requests at once")
        try expect(current == answered, "a request without a head")
        let request = requests[answered]
        try expect(exchange === request.exchange, "another request is answered")
        try expect(request.kind == kind, "a request goes the wrong way")
        try expect(!request.isTooLarge, "a body too large is read to its end")
        try expect(!request.isBroken, "a request is taken without its end")
        try expect(exchange.bodySize == request.body.count, "evaluated before its end")
        if kind == .call { try expect(Array(exchange.body.readableBytesView) == request.body, "the body is another") }
    }

    /// What the endpoint does with a complete request.
    private mutating func evaluate() throws(Violation) {
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: try complete(isKept: true)
        case 1:
            machine.awaitKeys()
            work = .awaitingKeys
        default:
            machine.awaitDecision()
            work = .awaitingDecision
        }
    }

    /// What is awaited happens.
    private mutating func proceed() throws(Violation) {
        guard !isClosed else { return }
        switch work {
        case .none, .evaluating: break
        case .awaitingKeys:
            try expect(machine.decided() == nil, "decided while keys are awaited")
            try perform(machine.keysWereRead())
            try expect(work != .awaitingKeys || current != nil, "keys were read and nothing happens")
        case .awaitingDecision:
            try expect(machine.keysWereRead() == nil, "evaluated while a decision is awaited")
            let exchange = machine.decided()
            try expect(exchange === requests[answered].exchange, "the decision is for another request")
            try complete(isKept: true)
            try perform(nil)
        case .forwarded:
            try expect(machine.forwardedExchange === requests[answered].exchange, "the router answers another request")
            try complete(isKept: true)
            try perform(nil)
        }
    }

    /// The response to the request in progress is complete.
    ///
    /// - Parameter isKept: Whether this response would keep the connection for a client that wants it.
    private mutating func complete(isKept: Bool) throws(Violation) {
        let request = requests[answered]
        let isFollowed = hasBacklog
        let expected = isKept && !request.asksToClose && !isQuiescing && !(inputIsClosed && !isFollowed)
        let keepsConnection = machine.completed()
        note("answered \(answered), kept: \(keepsConnection)")
        try expect(keepsConnection == expected, "the connection is kept: \(keepsConnection)")
        if isQuiescing { answersAfterQuiescing += 1 }
        answered += 1
        current = nil
        work = .none
        isClosed = !keepsConnection
    }

    /// Whether the machine was given more than the request in progress: counted by what is left on the wire.
    private var hasBacklog: Bool {
        let sent = requests.reduce(0) { $0 + ($1.kind == .malformed ? 1 : $1.parts.count + 2) }
        let done = requests.prefix(answered + 1).reduce(0) { $0 + ($1.kind == .malformed ? 1 : $1.parts.count + 2) }
        return sent - wire.count > done
    }

    // MARK: Endings

    private mutating func quiesce() throws(Violation) {
        guard !isClosed, !isQuiescing else { return }
        note("quiesce")
        let isResting = work == .none && current == nil
        isQuiescing = true
        try perform(machine.quiesce())
        if isResting { try expect(isClosed, "nothing is asked, the server ends, and the connection stays") }
    }

    private mutating func closeInput() throws(Violation) {
        // The end of the input comes behind everything that was sent.
        guard !isClosed, !inputIsClosed, wire.isEmpty else { return }
        note("input closed")
        let isPassedOn = machine.inputClosed()
        try expect(isPassedOn == (work == .none), "the end of the input is passed on: \(isPassedOn)")
        inputIsClosed = true
        // The handlers behind close the connection.
        if isPassedOn { try disconnect() }
    }

    private mutating func timeOut() throws(Violation) {
        guard !isClosed else { return }
        note("timed out")
        let before = (work, current, answered)
        isTimingOut = true
        defer { isTimingOut = false }
        try perform(machine.requestTimedOut())
        if before.0 == .none {
            try expect(isClosed, "a request that does not arrive keeps the connection")
            try expect(answered == before.2 + (before.1 == nil ? 0 : 1), "408 for no request, or none for one")
        } else {
            try expect(work == before.0, "a request is timed out while it is answered")
        }
    }

    private mutating func disconnect() throws(Violation) {
        guard !isClosed else { return }
        note("gone")
        let abandoned = machine.connectionClosed()
        let expected = work == .awaitingDecision ? requests[answered].exchange : nil
        try expect(abandoned === expected, "the wrong request is abandoned")
        isClosed = true
        try expect(machine.decided() == nil && machine.keysWereRead() == nil, "a request goes on without its client")
    }

    // MARK: Invariants

    private mutating func check() throws(Violation) {
        try expect(answersAfterQuiescing <= 1, "requests begin after the server has begun to end")
        try expect(
            (machine.forwardedExchange != nil) == (work == .forwarded && !isClosed),
            "the machine is wrong about the router"
        )
        if isClosed {
            // Nothing that still comes has an effect.
            let late = Bool.random(using: &generator) ? machine.received(.end) : machine.requestTimedOut()
            try expect(late == nil && machine.next() == nil && machine.quiesce() == nil, "an action after the end")
        } else if work == .none {
            try expect(!hasBacklog, "the machine rests and has a backlog")
            try expect(!readIsHeld, "the machine rests and a read is held back")
        }
    }

    // MARK: Reporting

    private static func name(_ input: HTTPExchangeStateMachine.Input) -> String {
        switch input {
        case .head(let exchange): "head of \(exchange.requestID)"
        case .body(let part): "\(part.readableBytes) bytes"
        case .end: "end"
        case .malformed: "malformed"
        }
    }

    private static func name(_ action: HTTPExchangeStateMachine.Action) -> String {
        switch action {
        case .receiveBody(let sendsContinue): "receiveBody \(sendsContinue)"
        case .evaluate(let exchange): "evaluate \(exchange.requestID)"
        case .forward(let exchange): "forward \(exchange.requestID)"
        case .refuse(let exchange, let error): "refuse \(exchange.requestID) with \(error.code)"
        case .close: "close"
        }
    }

    private mutating func note(_ what: String) {
        if trace.count == 40 { trace.removeFirst(20) }
        trace.append(what)
    }

    private func expect(_ condition: Bool, _ what: @autoclosure () -> String) throws(Violation) {
        if !condition { throw violation(what()) }
    }

    private func violation(_ what: String) -> Violation {
        Violation(description: "seed \(seed): \(what)\n  \(trace.suffix(20).joined(separator: "\n  "))")
    }
}
