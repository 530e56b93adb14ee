internal import NIOCore

/// Lets a listener accept more connections only when the event loops of the last ones have taken these on.
///
/// A connection takes a descriptor from the moment at which it is accepted, and ``ConnectionTable`` makes room for it on
/// its own event loop. An event loop that accepts faster than another one makes room would use up the descriptors of the
/// process, and then nothing is accepted for a second.
final class AcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias OutboundIn = Never

    /// Connections whose event loops have not taken them on.
    private var pending = 0
    /// Whether the listener wanted to accept meanwhile.
    private var isWaiting = false

    /// Whether an event loop has not taken on a connection that was accepted.
    var isBusy: Bool { pending > 0 }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let accepted = unwrapInboundIn(data)
        pending += 1
        // This gives the connection to its event loop, so the task below comes after.
        context.fireChannelRead(data)
        let gate = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        accepted.eventLoop.submit {}.hop(to: context.eventLoop).whenComplete { _ in
            let (gate, context) = gate.value
            gate.takenOn(context)
        }
    }

    func read(context: ChannelHandlerContext) {
        if pending == 0 {
            context.read()
        } else {
            isWaiting = true
        }
    }

    private func takenOn(_ context: ChannelHandlerContext) {
        pending -= 1
        guard pending == 0, isWaiting else { return }
        isWaiting = false
        context.read()
    }
}
