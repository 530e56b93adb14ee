internal import JOSE
internal import Synchronization

/// The key set in force. Replaced as a whole, and only by one that has a usable key.
final class KeySetStore: Sendable {
    struct Snapshot: Sendable {
        let keys: JWKSet
        /// Whether the last attempt to read the set failed: an unknown `kid` is then our fault and not the caller's.
        let lastReadFailed: Bool
        /// Changes with every set that differs: what was verified under an older one is verified anew.
        let generation: UInt64
    }

    private let snapshot = Mutex(Snapshot(keys: JWKSet(), lastReadFailed: true, generation: 0))

    var current: Snapshot {
        snapshot.withLock { $0 }
    }

    /// Puts `keys` in force, which were read just now. Returns whether they differ from those before.
    func replace(with keys: JWKSet) -> Bool {
        snapshot.withLock { snapshot in
            let isNew = snapshot.keys != keys
            snapshot = Snapshot(
                keys: isNew ? keys : snapshot.keys,
                lastReadFailed: false,
                generation: isNew ? snapshot.generation + 1 : snapshot.generation
            )
            return isNew
        }
    }

    /// Notes that the set could not be read; the one in force stays.
    func noteFailure() {
        snapshot.withLock { $0 = Snapshot(keys: $0.keys, lastReadFailed: true, generation: $0.generation) }
    }

    /// Takes the set out of force: nobody has been able to read it for too long.
    func expire() {
        snapshot.withLock { $0 = Snapshot(keys: JWKSet(), lastReadFailed: true, generation: $0.generation + 1) }
    }
}
