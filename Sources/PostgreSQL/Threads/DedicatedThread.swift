internal import Glibc
internal import Synchronization

/// A thread for work that blocks, which must not run on an event loop or in the cooperative pool.
///
/// ```swift
/// let thread = try DedicatedThread(name: "database-1") { worker.run() }
/// thread.join()
/// ```
package final class DedicatedThread: Sendable {
    private let handle: Mutex<pthread_t?>

    /// Starts a thread.
    ///
    /// - Parameters:
    ///   - name: The name in `ps -L` and debuggers. Linux keeps 15 bytes.
    ///   - body: Runs once, on the new thread.
    /// - Throws: ``DatabaseError`` when the system cannot start a thread.
    package init(name: String, body: @escaping @Sendable () -> Void) throws(DatabaseError) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let failure = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                nameThisThread(start.name)
                start.body()
                return nil
            },
            start.toOpaque()
        )
        guard failure == 0 else {
            start.release()
            throw DatabaseError(.unexpected, "no thread could be started: errno \(failure)")
        }
        handle = Mutex(thread)
    }

    deinit {
        if let thread = handle.withLock({ $0 }) { pthread_detach(thread) }
    }

    /// Blocks the calling thread until `body` has returned.
    package func join() {
        let thread = handle.withLock { handle in
            defer { handle = nil }
            return handle
        }
        if let thread { pthread_join(thread, nil) }
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

/// Names the calling thread for `ps` and debuggers. Linux keeps the first 15 bytes. Errors are ignored.
private func nameThisThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    defer { close(file) }
    _ = name.withCString { write(file, $0, min(strlen($0), 15)) }
}
