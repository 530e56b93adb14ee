internal import CLibPQ

/// A connection whose last command was given up: the server still works on it, and holds a backend for it.
///
/// Closing the connection does not end the command. A backend that waits for a synchronous standby does not look at its
/// socket, and a pooler passes a cancellation on only while the client that sends it is connected. So the connection
/// stays open until the server has ended the command.
///
/// `@unchecked` because the one thread that calls ``cancelUntilEnded(isStopping:)`` uses the connection.
package final class AbandonedCommand: @unchecked Sendable {
    private let connection: Connection

    package init(_ connection: consuming Connection) {
        self.connection = connection
    }

    /// Asks the server to cancel the command, every five seconds, until the command has ended, the connection has
    /// broken, or `isStopping`. Blocks, within `PQcancel` for as long as TCP takes to give a server up.
    ///
    /// A COMMIT that waits for standbys ends with a warning, and its transaction stays committed on the server alone
    /// (PostgreSQL 15 manual, 27.2.8 "Synchronous Replication"). The caller must have counted it as unknown.
    package func cancelUntilEnded(isStopping: () -> Bool) {
        while !isStopping() {
            cancel()
            if hasEnded(by: .after(.seconds(5)), isStopping: isStopping) { return }
        }
    }

    /// Errors are ignored: the server is asked again.
    private func cancel() {
        guard let cancellation = PQgetCancel(connection.raw) else { return }
        defer { PQfreeCancel(cancellation) }
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            _ = PQcancel(cancellation, buffer.baseAddress, Int32(buffer.count))
        }
    }

    /// Reads results until that of the pipeline's end. True also when the connection has broken.
    private func hasEnded(by deadline: Deadline, isStopping: () -> Bool) -> Bool {
        var isBetweenCommands = false
        while connection.isOpen {
            do {
                guard let result = try connection.nextResult(deadline: min(deadline, .after(.milliseconds(100)))) else {
                    // Twice in a row: there is no pipeline, or nothing is left of it.
                    if isBetweenCommands { return true }
                    isBetweenCommands = true
                    continue
                }
                defer { PQclear(result) }
                if PQresultStatus(result) == PGRES_PIPELINE_SYNC { return true }
                isBetweenCommands = false
            } catch  where error.kind == .timedOut {
                if deadline.hasPassed || isStopping() { return false }
            } catch {
                return true
            }
        }
        return true
    }
}
