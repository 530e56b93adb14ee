internal import JOSE
internal import Synchronization

/// The current key set. It is replaced as a whole, and only by a set with a usable key.
final class KeySetStore: Sendable {
    struct Snapshot: Sendable {
        let keys: JWKSet
        /// Whether the last attempt to read the set failed. If so, an unknown `kid` is not the caller's fault.
        let lastReadFailed: Bool
        /// Changes whenever the keys change. Tokens that were verified with an older generation are verified again.
        let generation: UInt64
    }

    private let snapshot = Mutex(Snapshot(keys: JWKSet(), lastReadFailed: true, generation: 0))

    var current: Snapshot {
        snapshot.withLock { $0 }
    }

    /// Makes `keys`, which have just been read, the current set. Returns whether they differ from the previous ones.
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

    /// Notes that the set could not be read. The current set stays.
    func noteFailure() {
        snapshot.withLock { $0 = Snapshot(keys: $0.keys, lastReadFailed: true, generation: $0.generation) }
    }

    /// Removes the keys, because the set could not be read for too long.
    func expire() {
        snapshot.withLock { $0 = Snapshot(keys: JWKSet(), lastReadFailed: true, generation: $0.generation + 1) }
    }
}
