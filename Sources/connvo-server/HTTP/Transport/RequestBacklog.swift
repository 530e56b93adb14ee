internal import NIOCore

/// What a client has sent beyond the request in progress, up to a number of requests.
struct RequestBacklog {
    private var inputs = CircularBuffer<HTTPExchangeStateMachine.Input>(initialCapacity: 0)
    private var requests = 0
    /// Bytes of the body that is at the end.
    private var bodySize = 0

    var isEmpty: Bool { inputs.isEmpty }

    /// Takes an input behind all others.
    ///
    /// Parts of one body become one input, so that a body of many small chunks takes no more memory than its bytes.
    ///
    /// - Returns: False, when the input is not taken because it would be one request too many.
    mutating func append(_ input: HTTPExchangeStateMachine.Input, _ limits: HTTPExchangeStateMachine.Limits) -> Bool {
        switch input {
        case .head:
            guard requests < limits.backlog else { return false }
            requests += 1
            bodySize = 0
        case .body(var part):
            // One byte too many is enough for the request to be refused.
            let rest = limits.body + 1 - bodySize
            guard rest > 0 else { return true }
            part = part.getSlice(at: part.readerIndex, length: min(rest, part.readableBytes)) ?? part
            bodySize += part.readableBytes
            if case .body(var body)? = inputs.last {
                inputs.removeLast()
                body.writeBuffer(&part)
                inputs.append(.body(body))
                return true
            }
            inputs.append(.body(part))
            return true
        case .malformed, .end:
            // The decoder finds nothing behind the first bytes that are not HTTP.
            break
        }
        inputs.append(input)
        return true
    }

    mutating func popFirst() -> HTTPExchangeStateMachine.Input? {
        guard let input = inputs.popFirst() else { return nil }
        if case .head = input { requests -= 1 }
        if inputs.isEmpty { self = RequestBacklog() }
        return input
    }
}
