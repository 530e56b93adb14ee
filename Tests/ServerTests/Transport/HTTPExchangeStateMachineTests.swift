import ConvexAPI
import NIOCore
import NIOHTTP1
import Testing

@testable import connvo_server

/// Each event in the states where it matters, without a channel.
@Suite final class HTTPExchangeStateMachineTests {
    private static let limits = HTTPExchangeStateMachine.Limits(body: 10, requestsPerTurn: 3, backlog: 4)
    private let limits = HTTPExchangeStateMachineTests.limits
    private var machine = HTTPExchangeStateMachine(limits: limits)

    private static func exchange(
        _ id: String = "1",
        uri: String = ActionEndpoint.path,
        version: HTTPVersion = .http1_1,
        headers: HTTPHeaders = [:],
        error: ErrorResponse? = nil
    ) -> HTTPExchange {
        HTTPExchange(
            head: HTTPRequestHead(version: version, method: .POST, uri: uri, headers: headers),
            route: uri == ActionEndpoint.path ? .function(.action) : .page(.liveness, .livez),
            fields: RequestFields(headers),
            requestID: id,
            headError: error
        )
    }

    private static func describe(_ action: HTTPExchangeStateMachine.Action?) -> String {
        switch action {
        case nil: "nothing"
        case .receiveBody(false): "receive"
        case .receiveBody(true): "continue"
        case .evaluate(let exchange): "evaluate \(exchange.requestID)"
        case .refuse(let exchange, let error): "refuse \(exchange.requestID) \(error.status)"
        case .close: "close"
        }
    }

    private func receive(_ input: HTTPExchangeStateMachine.Input) -> String {
        Self.describe(machine.received(input))
    }

    private func next() -> String { Self.describe(machine.next()) }

    /// Brings a whole request in.
    private func receive(_ exchange: HTTPExchange) -> String {
        _ = machine.received(.head(exchange))
        return receive(.end)
    }

    // The macros cannot call what mutates a value.
    private func completed() -> Bool { machine.completed() }
    private func quiesce() -> String { Self.describe(machine.quiesce()) }
    private func requestTimedOut() -> String { Self.describe(machine.requestTimedOut()) }
    private func retry() -> String { Self.describe(machine.retry()) }
    private func takeDueTurn() -> Bool { machine.takeDueTurn() }
    private func decided() -> HTTPExchange? { machine.decided() }
    private func connectionClosed() -> HTTPExchange? { machine.connectionClosed() }
    private func inputClosed() -> Bool { machine.inputClosed() }
    private func mayRead() -> Bool { machine.mayRead() }
    private func takeDueRead() -> Bool { machine.takeDueRead() }

    // MARK: Requests

    @Test func `a request is evaluated at its end, and the next one after its response`() {
        #expect(receive(.head(Self.exchange("1"))) == "receive")
        #expect(receive(.body(ByteBuffer(string: "abc"))) == "nothing")
        #expect(receive(.body(ByteBuffer(string: "de"))) == "nothing")
        #expect(receive(.end) == "evaluate 1")
        #expect(receive(.head(Self.exchange("2"))) == "nothing")
        #expect(receive(.end) == "nothing")
        #expect(next() == "nothing")
        #expect(completed())
        #expect(next() == "receive")
        #expect(next() == "evaluate 2")
        #expect(next() == "nothing")
        #expect(completed())
    }

    @Test func `bodies are gathered for the function, and only counted for others`() {
        let call = Self.exchange()
        _ = receive(.head(call))
        _ = receive(.body(ByteBuffer(string: "abc")))
        _ = receive(.body(ByteBuffer(string: "de")))
        #expect(String(buffer: call.body) == "abcde")
        let probe = Self.exchange(uri: "/livez")
        probe.receive(ByteBuffer(string: "abc"))
        #expect(probe.body.readableBytes == 0 && probe.bodySize == 3)
    }

    // MARK: Limits

    @Test(arguments: [(10, "receive"), (11, "refuse 1 413")])
    func `an announced length beyond the limit is refused at once`(length: Int, action: String) {
        #expect(receive(.head(Self.exchange(headers: ["Content-Length": "\(length)"]))) == action)
    }

    @Test func `a body beyond the limit is refused as soon as it is, and the connection ends`() {
        _ = receive(.head(Self.exchange()))
        #expect(receive(.body(ByteBuffer(repeating: 0, count: 10))) == "nothing")
        #expect(receive(.body(ByteBuffer(repeating: 0, count: 1))) == "refuse 1 413")
        #expect(!completed())
        #expect(receive(.body(ByteBuffer(repeating: 0, count: 1))) == "nothing")
        #expect(receive(.end) == "nothing")
        #expect(receive(.head(Self.exchange("2"))) == "nothing")
        // Nothing is kept of what comes then.
        #expect(mayRead())
    }

    @Test func `an error of the head is told in place of the size, and at the end of a small body`() {
        let error = ErrorResponse.methodNotAllowed("POST")
        #expect(receive(.head(Self.exchange(headers: ["Content-Length": "11"], error: error))) == "refuse 1 405")
        #expect(!completed())
        machine = HTTPExchangeStateMachine(limits: limits)
        #expect(receive(.head(Self.exchange(error: error))) == "receive")
        #expect(receive(.body(ByteBuffer(string: "abc"))) == "nothing")
        #expect(receive(.end) == "refuse 1 405")
        #expect(completed())
    }

    // MARK: 100-continue

    @Test func `a client that waits is asked for the body, unless it is refused`() {
        let expecting: HTTPHeaders = ["Expect": "100-continue"]
        #expect(receive(.head(Self.exchange(headers: expecting))) == "continue")
        machine = HTTPExchangeStateMachine(limits: limits)
        #expect(receive(.head(Self.exchange(version: .http1_0, headers: expecting))) == "receive")
        machine = HTTPExchangeStateMachine(limits: limits)
        let error = ErrorResponse.methodNotAllowed("POST")
        #expect(receive(.head(Self.exchange(headers: expecting, error: error))) == "refuse 1 405")
        #expect(!completed())
        machine = HTTPExchangeStateMachine(limits: limits)
        let large: HTTPHeaders = ["Expect": "100-continue", "Content-Length": "11"]
        #expect(receive(.head(Self.exchange(headers: large))) == "refuse 1 413")
    }

    // MARK: Waiting

    @Test func `a request that waits for keys is evaluated once more`() {
        #expect(receive(Self.exchange()) == "evaluate 1")
        machine.awaitRetry()
        #expect(decided() == nil)
        #expect(receive(.head(Self.exchange("2"))) == "nothing")
        #expect(retry() == "evaluate 1")
        #expect(retry() == "nothing")
        machine.awaitDecision()
        #expect(decided()?.requestID == "1")
        #expect(decided() == nil)
        #expect(completed())
        #expect(next() == "receive")
    }

    @Test func `a client that goes away abandons the decision it waits for, and nothing else`() {
        _ = receive(Self.exchange())
        machine.awaitDecision()
        #expect(connectionClosed()?.requestID == "1")
        #expect(connectionClosed() == nil)
        #expect(decided() == nil)
        machine = HTTPExchangeStateMachine(limits: limits)
        _ = receive(Self.exchange())
        machine.awaitRetry()
        #expect(connectionClosed() == nil)
        #expect(retry() == "nothing")
    }

    // MARK: Keeping and closing

    @Test(
        arguments: [
            (HTTPVersion.http1_1, [:], true), (.http1_1, ["Connection": "close"], false), (.http1_0, [:], false),
            (.http1_0, ["Connection": "keep-alive"], true),
        ] as [(HTTPVersion, HTTPHeaders, Bool)]
    )
    func `the request says whether the connection is kept`(
        version: HTTPVersion,
        headers: HTTPHeaders,
        isKept: Bool
    ) {
        _ = receive(Self.exchange(version: version, headers: headers))
        _ = receive(.head(Self.exchange("2")))
        #expect(machine.keepsConnection == isKept)
        #expect(completed() == isKept)
        #expect(next() == (isKept ? "receive" : "nothing"))
    }

    @Test func `a client that stops sending is answered to the last request`() {
        _ = receive(Self.exchange("1"))
        _ = receive(.head(Self.exchange("2")))
        _ = receive(.end)
        #expect(!inputClosed())
        #expect(completed())
        #expect(next() == "receive")
        #expect(next() == "evaluate 2")
        #expect(!completed())
    }

    @Test func `the end of the input closes a connection on which no request is being answered`() {
        #expect(inputClosed())
        #expect(receive(.head(Self.exchange())) == "nothing")
        machine = HTTPExchangeStateMachine(limits: limits)
        _ = receive(.head(Self.exchange()))
        #expect(inputClosed())
        machine = HTTPExchangeStateMachine(limits: limits)
        _ = receive(Self.exchange())
        #expect(!inputClosed())
        #expect(!completed())
    }

    @Test(arguments: [["Upgrade": "websocket", "Connection": "Upgrade"], ["Upgrade": "h2c"]] as [HTTPHeaders])
    func `an offer of another protocol is answered, and what follows is of no interest`(headers: HTTPHeaders) {
        _ = receive(.head(Self.exchange(headers: headers)))
        #expect(!machine.discardsInput)
        #expect(receive(.end) == "evaluate 1")
        #expect(machine.discardsInput)
        #expect(!mayRead())
        #expect(!completed())
        #expect(machine.discardsInput)
        #expect(takeDueRead(), "the end of the input is to be seen")
    }

    // MARK: Back-pressure

    @Test func `no request begins while responses are unread`() {
        _ = receive(Self.exchange("1"))
        machine.writabilityChanged(false)
        #expect(completed())
        #expect(!mayRead())
        #expect(receive(.head(Self.exchange("2"))) == "nothing")
        #expect(receive(.end) == "nothing")
        #expect(next() == "nothing")
        #expect(!takeDueTurn(), "the next turn would change nothing")
        #expect(!takeDueRead())
        machine.writabilityChanged(true)
        #expect(!takeDueRead(), "the backlog comes first")
        #expect(next() == "receive")
        #expect(next() == "evaluate 2")
        #expect(completed())
        #expect(takeDueRead())
    }

    /// Sends requests that are answered as soon as they are complete. Returns how many were.
    private func send(_ ids: ClosedRange<Int>) -> Int {
        var answers = 0
        for id in ids where receive(Self.exchange("\(id)")).hasPrefix("evaluate") {
            answers += 1
            _ = completed()
        }
        return answers
    }

    /// Works off what is possible now.
    private func workOff() -> Int {
        var answers = 0
        while true {
            let action = next()
            if action == "nothing" { return answers }
            if action.hasPrefix("evaluate") {
                answers += 1
                _ = completed()
            }
        }
    }

    @Test func `in one turn of the event loop only so many requests begin`() {
        #expect(send(1...5) == 3)
        #expect(!mayRead())
        #expect(takeDueTurn())
        #expect(!takeDueTurn())
        machine.readCompleted()
        #expect(workOff() == 0, "the next turn has not come")
        machine.turnBegan()
        #expect(workOff() == 2)
        #expect(!takeDueTurn())
        #expect(takeDueRead())
    }

    @Test func `each read begins a turn`() {
        for _ in 0..<3 {
            #expect(send(1...3) == 3)
            machine.readCompleted()
        }
    }

    @Test func `a backlog that is full ends the connection after the last response`() {
        #expect(send(1...9) == 3)
        #expect(machine.discardsInput)
        var answers = 0
        while takeDueTurn() {
            machine.turnBegan()
            answers += workOff()
        }
        #expect(answers == 4)
        #expect(!machine.keepsConnection)
        #expect(receive(.head(Self.exchange("10"))) == "nothing")
        #expect(next() == "nothing")
    }

    @Test func `of a body that waits only as much is kept as may be read`() {
        _ = receive(Self.exchange("1"))
        let waiting = Self.exchange("2")
        _ = receive(.head(waiting))
        for _ in 0..<100 { _ = receive(.body(ByteBuffer(string: "abc"))) }
        _ = receive(.end)
        #expect(completed())
        #expect(next() == "receive")
        #expect(next() == "refuse 2 413")
        #expect(waiting.bodySize == limits.body + 1)
    }

    @Test func `a server that ends answers the request that has begun, and no other`() {
        _ = receive(Self.exchange("1"))
        _ = receive(.head(Self.exchange("2")))
        #expect(quiesce() == "nothing")
        #expect(!completed())
        #expect(next() == "nothing")
        machine = HTTPExchangeStateMachine(limits: limits)
        _ = receive(.head(Self.exchange("1")))
        #expect(quiesce() == "nothing")
        #expect(receive(.end) == "evaluate 1")
        #expect(!completed())
        machine = HTTPExchangeStateMachine(limits: limits)
        #expect(quiesce() == "close")
        #expect(quiesce() == "nothing")
    }

    @Test func `while the server drains a connection ends with the response to what has come, and not before`() {
        _ = receive(Self.exchange("1"))
        _ = receive(Self.exchange("2"))
        machine.drain()
        #expect(completed())
        #expect([next(), next()] == ["receive", "evaluate 2"])
        #expect(!completed())
        machine = HTTPExchangeStateMachine(limits: limits)
        machine.drain()
        #expect(receive(Self.exchange("1")) == "evaluate 1")
        #expect(!completed())
    }

    @Test func `a request that does not arrive is 408 once it has a head`() {
        _ = receive(.head(Self.exchange()))
        #expect(requestTimedOut() == "refuse 1 408")
        #expect(!completed())
        #expect(requestTimedOut() == "nothing")
        machine = HTTPExchangeStateMachine(limits: limits)
        #expect(requestTimedOut() == "close")
        machine = HTTPExchangeStateMachine(limits: limits)
        _ = receive(Self.exchange())
        #expect(requestTimedOut() == "nothing")
        #expect(completed())
    }

    // MARK: What is not HTTP

    @Test func `what is not HTTP is answered between requests, and closes in the middle of one`() {
        let malformed = HTTPExchangeStateMachine.Input.malformed(Self.exchange("0", error: .malformedMessage))
        #expect(receive(malformed) == "refuse 0 400")
        #expect(!completed())
        #expect(receive(malformed) == "nothing")
        machine = HTTPExchangeStateMachine(limits: limits)
        _ = receive(.head(Self.exchange()))
        #expect(receive(malformed) == "close")
        #expect(receive(.end) == "nothing")
        machine = HTTPExchangeStateMachine(limits: limits)
        _ = receive(Self.exchange())
        #expect(receive(malformed) == "nothing")
        #expect(completed())
        #expect(next() == "refuse 0 400")
    }

    // MARK: Reading

    @Test func `nothing is read while something waits, and the read is made up for`() {
        #expect(mayRead())
        _ = receive(Self.exchange("1"))
        #expect(mayRead())
        _ = receive(.head(Self.exchange("2")))
        #expect(!mayRead())
        #expect(!takeDueRead())
        #expect(completed())
        #expect(!takeDueRead())
        #expect(next() == "receive")
        #expect(next() == "nothing")
        #expect(takeDueRead())
        #expect(!takeDueRead())
    }
}
