internal import NIOCore

/// What a client may take. Each time is a total: bytes that trickle in do not extend it.
struct ConnectionLimits: Sendable {
    /// For the TLS handshake, from the beginning of the connection.
    var handshake: TimeAmount = .seconds(5)
    /// For the head of a request, from its first byte; of the first request, from the beginning of the connection, or
    /// from the end of its handshake.
    var head: TimeAmount = .seconds(5)
    /// For the body of a request, from the end of its head.
    var body: TimeAmount = .seconds(5)
    /// How long bytes of a response may stay unread by the client.
    var writeStall: TimeAmount = .seconds(10)
    /// Between requests (`HTTP_IDLE_TIMEOUT`).
    var keepAlive: TimeAmount = .seconds(75)
    /// How long connections between two requests stay open when the listener has closed: for requests under way to them.
    var lastRequest: TimeAmount = .seconds(1)
    /// How long the server waits for the client to close, after the last response.
    var linger: TimeAmount = .seconds(1)
    /// How much the client may send in that time, in bytes.
    var lingerBytes = 16 * 1024 * 1024
}
