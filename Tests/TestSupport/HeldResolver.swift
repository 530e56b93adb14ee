package import PostgreSQL
internal import Synchronization

/// A resolver of names whose look-ups do not end before a test lets them.
package final class HeldResolver: Sendable {
    private struct State: Sendable {
        var isHeld = true
        var lookUps: [String] = []
    }

    private let state = Mutex(State())
    private let addresses: [String: [String]]

    /// - Parameter addresses: The addresses of each name.
    package init(_ addresses: [String: [String]] = [:]) {
        self.addresses = addresses
    }

    deinit {
        release()
    }

    /// The names that were looked up, those still held included.
    package var lookUps: [String] { state.withLock { $0.lookUps } }

    /// Lets all look-ups end, now and from now on.
    package func release() {
        state.withLock { $0.isHeld = false }
    }

    package var resolver: NameResolver {
        NameResolver { [self] (name) throws(DatabaseError) in
            state.withLock { $0.lookUps.append(name) }
            _ = waitUntil(within: .seconds(120)) { !state.withLock { $0.isHeld } }
            guard let found = addresses[name] else { throw DatabaseError(.connect, "\(name) is not known") }
            return found
        }
    }
}
