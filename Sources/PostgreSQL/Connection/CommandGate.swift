internal import CLibPQ
internal import Synchronization

/// Lets a signal end a program between two commands to the server, and say what became of the last one.
///
/// A thread that uses the connection passes the gate with each command. Another thread closes the gate: from then on no
/// command is sent, so that a transaction which was not being committed never will be, and the server rolls it back. The
/// thread that comes to the closed gate waits there until the process ends.
///
/// ```swift
/// connection.pass(gate)  // in the thread that works
/// gate.close()  // in the thread that waits for signals
/// gate.cancel()
/// ```
package final class CommandGate: Sendable {
    /// A command that the server works on.
    package enum Command: Sendable {
        /// In a transaction that is open: its effect goes away with the connection.
        case inTransaction
        /// A transaction of its own, or the beginning of one: its effect stays where the server completes it.
        case alone
        case commit
    }

    package struct Observation: Sendable {
        /// Nil between commands.
        package fileprivate(set) var command: Command?
        /// How many transactions a COMMIT has ended. Those of commands that stand alone are not counted.
        package fileprivate(set) var commits = 0
        /// Whether the thread that works has come to the closed gate: all that it reports has been reported.
        package fileprivate(set) var isWaiting = false
        /// Whether the work was done before the gate was closed.
        package fileprivate(set) var isDone = false

        package init(command: Command? = nil, commits: Int = 0) {
            self.command = command
            self.commits = commits
        }
    }

    private struct State {
        var observation = Observation()
        var isClosed = false
        var cancellation: Cancellation?
    }

    private let state = Mutex(State())

    package init() {}

    package var observation: Observation { state.withLock { $0.observation } }

    /// From now on no command passes.
    package func close() {
        state.withLock { $0.isClosed = true }
    }

    /// The work is done; the gate cannot be closed any more. When it is closed already, never returns.
    package func finish() {
        let isClosed = state.withLock { state in
            if state.isClosed { state.observation.isWaiting = true } else { state.observation.isDone = true }
            return state.isClosed
        }
        if isClosed { waitForTheEnd() }
    }

    /// Never returns once the gate is closed.
    package func waitIfClosed() {
        let isClosed = state.withLock { state in
            if state.isClosed { state.observation.isWaiting = true }
            return state.isClosed
        }
        if isClosed { waitForTheEnd() }
    }

    /// Asks the server to cancel the command that it works on. Blocks for as long as TCP takes to give a server up.
    package func cancel() {
        guard let cancellation = state.withLock({ $0.cancellation }) else { return }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            _ = PQcancel(cancellation.raw, buffer.baseAddress, Int32(buffer.count))
        }
    }

    /// Lets a command pass, or never returns.
    func enter(_ command: Command) {
        let isClosed = state.withLock { state in
            if state.isClosed { state.observation.isWaiting = true } else { state.observation.command = command }
            return state.isClosed
        }
        if isClosed { waitForTheEnd() }
    }

    /// The server has answered, or the connection is lost.
    func leave(hasCommitted: Bool) {
        state.withLock { state in
            state.observation.command = nil
            if hasCommitted { state.observation.commits += 1 }
        }
    }

    func attach(_ cancellation: OpaquePointer?) {
        state.withLock { $0.cancellation = cancellation.map { Cancellation(owning: $0) } }
    }

    private func waitForTheEnd() -> Never {
        while true { pause(for: .seconds(3600)) }
    }

    /// `PGcancel *`, which may be used by any thread (PostgreSQL 15 manual, 34.7 "Canceling Queries in Progress").
    private final class Cancellation: @unchecked Sendable {
        let raw: OpaquePointer

        init(owning raw: OpaquePointer) { self.raw = raw }

        deinit { PQfreeCancel(raw) }
    }
}

extension Connection {
    /// From now on every command passes `gate`.
    package mutating func pass(_ gate: CommandGate) {
        gate.attach(PQgetCancel(raw))
        self.gate = gate
    }

    /// Enters the gate, where there is one.
    ///
    /// - Parameter isCommit: Whether the command ends the open transaction by committing it.
    borrowing func enterGate(isCommit: Bool = false) {
        guard let gate else { return }
        if isCommit { return gate.enter(.commit) }
        gate.enter(PQtransactionStatus(raw) == PQTRANS_IDLE ? .alone : .inTransaction)
    }

    borrowing func leaveGate(hasCommitted: Bool = false) {
        gate?.leave(hasCommitted: hasCommitted)
    }
}
