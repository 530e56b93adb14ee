internal import JOSE
internal import Synchronization

/// The key set in force. Replaced as a whole, and only by one that has a usable key.
final class KeySetStore: Sendable {
    struct Snapshot: Sendable {
        let keys: JWKSet
        /// Whether the last attempt to read the set failed: an unknown `kid` is then our fault and not the caller's.
        let lastReadFailed: Bool
        /// Changes with every replacement: what was verified under an older one is verified anew.
        let generation: UInt64
    }

    private let snapshot = Mutex(Snapshot(keys: JWKSet(), lastReadFailed: true, generation: 0))

    var current: Snapshot {
        snapshot.withLock { $0 }
    }

    /// Puts `keys` in force.
    func replace(with keys: JWKSet) {
        snapshot.withLock { $0 = Snapshot(keys: keys, lastReadFailed: false, generation: $0.generation + 1) }
    }

    /// Notes that the set could not be read; the one in force stays.
    func noteFailure() {
        snapshot.withLock { $0 = Snapshot(keys: $0.keys, lastReadFailed: true, generation: $0.generation) }
    }

    /// Notes that the set was read and is the same.
    func noteUnchanged() {
        snapshot.withLock { $0 = Snapshot(keys: $0.keys, lastReadFailed: false, generation: $0.generation) }
    }
}
