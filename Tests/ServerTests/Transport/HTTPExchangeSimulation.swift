import ConvexAPI
import NIOCore
import NIOHTTP1
import TestSupport

@testable import connvo_server

/// Plays a client, an endpoint and an event loop against ``HTTPExchangeStateMachine`` by a seeded generator, and checks after
/// every step what must always hold. It carries out actions as ``HTTPExchangeHandler`` does.
struct HTTPExchangeSimulation {
    /// What was broken, with the seed that shows it again.
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    /// What the client sends as one request, or in place of one.
    private struct Request {
        enum Kind {
            case call, page, wrongMethod, malformed

            var headError: ErrorResponse? {
                switch self {
                case .call, .page: nil
                case .wrongMethod: .methodNotAllowed("POST")
                case .malformed: .malformedMessage
                }
            }
        }

        let kind: Kind
        let exchange: HTTPExchange
        let asksToClose: Bool
        let announcedLength: Int?
        let expectsContinue: Bool
        let offersUpgrade: Bool
        /// Whether it ends in bytes that are not HTTP.
        let isBroken: Bool
        let parts: [[UInt8]]

        var body: [UInt8] { parts.flatMap { $0 } }
        /// Whether it is refused before its end.
        var isTooLarge: Bool { announcedLength ?? 0 > limit || parts.map(\.count).reduce(0, +) > limit }
    }

    /// What the endpoint or the engine is doing.
    private enum Work: Equatable {
        case none, evaluating, awaitingRetry, awaitingDecision
    }

    private static let limit = 8
    private static let limits = HTTPExchangeStateMachine.Limits(body: limit, requestsPerTurn: 3, backlog: 5)

    private var machine = HTTPExchangeStateMachine(limits: limits)
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
    /// How many requests have begun, and how many of them in this turn of the event loop.
    private var begun = 0
    private var begunInTurn = 0
    /// How many heads, or bytes in place of one, the machine was given.
    private var headsReceived = 0
    /// The first request that the machine had no room for.
    private var droppedFrom: Int?
    private var isWritable = true
    private var turnIsDue = false
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
            case 85..<88: try read()
            case 88..<90: try turn()
            case 90..<92: completeRead()
            case 92..<95: try setWritable(Bool.random(using: &generator))
            case 95 where Bool.random(using: &generator): try quiesce()
            case 96: try closeInput()
            case 97 where Bool.random(using: &generator): try timeOut()
            case 98 where Bool.random(using: &generator): try disconnect()
            default: break
            }
            try check()
        }
    }

    /// Lets the client read, the decoder and the endpoint finish, and checks that nothing is left.
    mutating func settle() throws(Violation) {
        try setWritable(true)
        for _ in 0..<10_000 {
            if isClosed || wire.isEmpty && work == .none && !turnIsDue { break }
            if !wire.isEmpty { try receive() }
            try proceed()
            try turn()
            try check()
        }
        try expect(isClosed || work == .none && wire.isEmpty, "it does not come to rest")
        if !isClosed {
            try expect(droppedFrom == nil, "requests were dropped, and the connection stays")
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
        let kinds: [Request.Kind] = [.call, .call, .call, .page, .page, .wrongMethod]
        let isMalformed = Int.random(in: 0..<40, using: &generator) == 0
        let kind = isMalformed ? .malformed : kinds.randomElement(using: &generator) ?? .call
        let asksToClose = Int.random(in: 0..<12, using: &generator) == 0
        let expectsContinue = Int.random(in: 0..<5, using: &generator) == 0
        var parts: [[UInt8]] = []
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let size = Int.random(in: 1...(Int.random(in: 0..<10, using: &generator) == 0 ? 9 : 2), using: &generator)
            parts.append((0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
        }
        let offersUpgrade = Int.random(in: 0..<30, using: &generator) == 0
        let length = Bool.random(using: &generator) ? parts.map(\.count).reduce(0, +) : nil
        var headers = HTTPHeaders()
        if asksToClose { headers.add(name: "Connection", value: "close") }
        if expectsContinue { headers.add(name: "Expect", value: "100-continue") }
        if offersUpgrade { headers.add(name: "Upgrade", value: "websocket") }
        if let length { headers.add(name: "Content-Length", value: "\(length)") }
        let isPage = kind == .page
        let exchange = HTTPExchange(
            head: HTTPRequestHead(version: .http1_1, method: .POST, uri: "/", headers: headers),
            route: isPage ? .page(.liveness, .livez) : .function(.action),
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
            offersUpgrade: offersUpgrade,
            isBroken: Int.random(in: 0..<40, using: &generator) == 0,
            parts: parts
        )
    }

    // MARK: The channel

    private mutating func receive() throws(Violation) {
        guard !wire.isEmpty, !isClosed else { return }
        let input = wire.removeFirst()
        note("received \(Self.name(input))")
        guard !machine.discardsInput else {
            try expect(droppedFrom != nil || isAnsweringUpgrade, "input is dropped for no reason")
            return
        }
        switch input {
        case .head:
            try receiveBeginning(input)
        case .malformed(let exchange) where exchange.requestID == "\(headsReceived)":
            // In place of a request. Otherwise it is the end of one that is broken.
            try receiveBeginning(input)
        case .malformed, .body, .end:
            try perform(machine.received(input))
        }
    }

    /// Requests that the machine has, and that have not begun.
    private var waiting: Int { requests[begun..<headsReceived].count { $0.kind != .malformed } }

    /// Receives the beginning of a request, which may be one too many.
    private mutating func receiveBeginning(_ input: HTTPExchangeStateMachine.Input) throws(Violation) {
        let before = waiting
        let hadBacklog = begun < headsReceived
        headsReceived += 1
        let action = machine.received(input)
        if action == nil, before == Self.limits.backlog, requests[headsReceived - 1].kind != .malformed {
            droppedFrom = headsReceived - 1
            headsReceived -= 1
        } else if action == nil {
            try expect(
                work != .none || hadBacklog || !isWritable || begunInTurn == Self.limits.requestsPerTurn,
                "a request waits for no reason"
            )
        }
        try perform(action)
    }

    private mutating func read() throws(Violation) {
        guard !isClosed else { return }
        let mayRead = machine.mayRead()
        let expected = !hasBacklog && isWritable && droppedFrom == nil && !isAnsweringUpgrade
        try expect(mayRead == expected, "it may be read: \(mayRead)")
        if !mayRead { readIsHeld = true }
    }

    private mutating func completeRead() {
        machine.readCompleted()
        if !turnIsDue { begunInTurn = 0 }
    }

    private mutating func turn() throws(Violation) {
        guard turnIsDue else { return }
        turnIsDue = false
        guard !isClosed else { return }
        note("turn")
        machine.turnBegan()
        begunInTurn = 0
        try perform(nil)
    }

    private mutating func setWritable(_ isWritable: Bool) throws(Violation) {
        guard !isClosed else { return }
        note("writable: \(isWritable)")
        self.isWritable = isWritable
        machine.writabilityChanged(isWritable)
        try perform(nil)
    }

    /// What ``HTTPExchangeHandler`` does with an action.
    private mutating func perform(_ action: HTTPExchangeStateMachine.Action?) throws(Violation) {
        var action = action
        while true {
            if let current = action { try carryOut(current) }
            action = machine.next()
            if action == nil { break }
        }
        let pause = machine.pause()
        if pause.continuesInNextTurn {
            try expect(!turnIsDue, "a turn is asked for twice")
            turnIsDue = true
        }
        if pause.reads {
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
            try beginOne()
            current = answered
            let request = requests[answered]
            let isAsked = request.expectsContinue && request.kind != .wrongMethod
            try expect(sendsContinue == isAsked, "asking for the body: \(sendsContinue)")
            try expect(request.announcedLength ?? 0 <= Self.limit, "a body too large is read")
        case .evaluate(let exchange):
            if work == .awaitingRetry {
                try expect(exchange === requests[answered].exchange, "another request goes on")
            } else {
                try begin(exchange)
            }
            work = .evaluating
            try evaluate()
        case .refuse(let exchange, let error):
            try expect(work == .none, "an error in the middle of an answer")
            try expect(exchange === requests[answered].exchange, "the error is for another request")
            let request = requests[answered]
            if current == nil { try beginOne() }
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
            current = answered
            work = .evaluating
            try complete(isKept: isKept)
        case .close:
            try expect(work == .none, "closed in the middle of an answer")
            let isBroken = current.map { requests[$0].isBroken } ?? false
            try expect(isBroken || isQuiescing || isTimingOut, "closed for no reason")
            isClosed = true
        }
    }

    private mutating func beginOne() throws(Violation) {
        begun += 1
        begunInTurn += 1
        try expect(begunInTurn <= Self.limits.requestsPerTurn, "too many requests begin in one turn")
        try expect(isWritable, "a request begins while responses are unread")
    }

    private mutating func begin(_ exchange: HTTPExchange) throws(Violation) {
        try expect(work == .none, "two requests at once")
        try expect(current == answered, "a request without a head")
        let request = requests[answered]
        try expect(exchange === request.exchange, "another request is answered")
        try expect(request.kind == .call || request.kind == .page, "a request is evaluated that has to be refused")
        try expect(!request.isTooLarge, "a body too large is read to its end")
        try expect(!request.isBroken, "a request is taken without its end")
        try expect(exchange.bodySize == request.body.count, "evaluated before its end")
        if request.kind == .call {
            try expect(Array(exchange.body.readableBytesView) == request.body, "the body is another")
        }
    }

    /// What the endpoint does with a complete request.
    private mutating func evaluate() throws(Violation) {
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: try complete(isKept: true)
        case 1:
            machine.awaitRetry()
            work = .awaitingRetry
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
        case .awaitingRetry:
            try expect(machine.decided() == nil, "decided while a retry is awaited")
            let action = machine.retry()
            try expect(action != nil, "what was awaited has come and nothing happens")
            try perform(action)
        case .awaitingDecision:
            try expect(machine.retry() == nil, "evaluated while a decision is awaited")
            let exchange = machine.decided()
            try expect(exchange === requests[answered].exchange, "the decision is for another request")
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
        let isLast = (inputIsClosed || droppedFrom != nil) && !isFollowed
        let expected = isKept && !request.asksToClose && !request.offersUpgrade && !isQuiescing && !isLast
        let keepsConnection = machine.completed()
        note("answered \(answered), kept: \(keepsConnection)")
        try expect(keepsConnection == expected, "the connection is kept: \(keepsConnection)")
        if isQuiescing { answersAfterQuiescing += 1 }
        answered += 1
        current = nil
        work = .none
        isClosed = !keepsConnection
    }

    /// Whether the machine has more than the request in progress: counted by what is left on the wire.
    private var hasBacklog: Bool {
        if work == .none, current != nil { return false }
        let received = inputs(of: requests.count) - wire.count
        return min(received, inputs(of: droppedFrom ?? requests.count))
            > inputs(of: answered + (current == nil ? 0 : 1))
    }

    /// Of how many inputs the first requests consist.
    private func inputs(of count: Int) -> Int {
        requests.prefix(count).reduce(0) { $0 + ($1.kind == .malformed ? 1 : $1.parts.count + 2) }
    }

    private var isAnsweringUpgrade: Bool { work != .none && requests[answered].offersUpgrade }

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
        try expect(isPassedOn == (work == .none && !hasBacklog), "the end of the input closes: \(isPassedOn)")
        inputIsClosed = true
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
        try expect(machine.decided() == nil && machine.retry() == nil, "a request goes on without its client")
    }

    // MARK: Invariants

    private mutating func check() throws(Violation) {
        try expect(answersAfterQuiescing <= 1, "requests begin after the server has begun to end")
        if isClosed {
            // Nothing that still comes has an effect.
            let late = Bool.random(using: &generator) ? machine.received(.end) : machine.requestTimedOut()
            try expect(late == nil && machine.next() == nil && machine.quiesce() == nil, "an action after the end")
        } else if work == .none {
            if isWritable, !turnIsDue {
                try expect(!hasBacklog, "the machine rests and has a backlog")
                try expect(!readIsHeld || droppedFrom != nil, "the machine rests and a read is held back")
            }
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
