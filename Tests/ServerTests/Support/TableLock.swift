import Dispatch
import Persistence
import PostgreSQL
import TestSupport

/// A lock on a table against reads and writes of other connections. It ends with `release()` or with this object.
final class TableLock: Sendable {
    private let released = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    /// Takes the lock, on a dedicated thread that keeps the connection open.
    init(on database: TestDatabase, _ table: String) async throws {
        try await withCheckedThrowingContinuation { [released, ended] continuation in
            Task {
                try? await onOwnThread {
                    do {
                        var connection = try database.connect()
                        try connection.executeScript("BEGIN; LOCK TABLE \(table)", deadline: .after(.seconds(20)))
                        continuation.resume()
                        released.wait()
                        _ = try? connection.executeScript("ROLLBACK", deadline: .after(.seconds(20)))
                    } catch {
                        continuation.resume(throwing: error)
                    }
                    ended.signal()
                }
            }
        }
    }

    deinit {
        released.signal()
    }

    /// Releases the lock.
    func release() async throws {
        released.signal()
        try await onOwnThread { [ended] in ended.wait() }
    }
}
