internal import JOSE
internal import Synchronization

/// Stores the claims of verified bearer tokens, so that a token that is sent again is not verified again.
///
/// The size is bounded, the key is the token's SHA-256, no entry is used after `exp` or with another key set than the
/// token was verified with. When the cache is full, a new entry takes the place of the one that was not used for the
/// longest time, so entries in use stay, and no request pays for the removal of more than one.
final class VerifiedTokenCache: Sendable {
    /// The SHA-256 of a token in four integers, without an allocation.
    struct Key: Hashable {
        private let words: (UInt64, UInt64, UInt64, UInt64)

        init(_ token: [UInt8]) {
            var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
            withUnsafeMutableBytes(of: &words) { SHA256.hash(token, into: $0) }
            self.words = words
        }

        static func == (one: Key, other: Key) -> Bool { one.words == other.words }

        func hash(into hasher: inout Hasher) {
            // Every part of a SHA-256 is equally random, so one word is enough.
            hasher.combine(words.0)
        }
    }

    private struct Entry {
        let key: Key
        let claims: BearerClaims
        /// Of the key set that the token was verified with.
        let generation: UInt64
    }

    private struct State {
        var entries: [Entry] = []
        /// The index of each key in `entries`.
        var places: [Key: Int] = [:]
        /// Of the indices of `entries`.
        var order: RecencyOrder
    }

    private let capacity: Int
    private let state: Mutex<State>

    /// - Parameter capacity: How many tokens are remembered, at least 1.
    init(capacity: Int) {
        self.capacity = capacity
        var state = State(order: RecencyOrder(capacity: capacity))
        // No request waits until these have grown. Memory that is reserved is used when entries are written to it.
        state.entries.reserveCapacity(capacity)
        state.places.reserveCapacity(capacity)
        self.state = Mutex(state)
    }

    /// The claims of a token that was verified with the key set of `generation` and has not expired.
    ///
    /// - Parameter now: Seconds since the epoch. There is no leeway here: a token after its `exp` is verified again.
    func claims(of key: Key, generation: UInt64, now: Int64) -> BearerClaims? {
        state.withLock { state in
            guard let place = state.places[key], state.entries[place].generation == generation else { return nil }
            let claims = state.entries[place].claims
            guard claims.expiresAt > now else { return nil }
            state.order.use(place)
            return claims
        }
    }

    func insert(_ claims: BearerClaims, key: Key, generation: UInt64) {
        let entry = Entry(key: key, claims: claims, generation: generation)
        state.withLock { state in
            if let place = state.places[key] {
                state.entries[place] = entry
                state.order.use(place)
            } else if state.entries.count < capacity {
                state.places[key] = state.entries.count
                state.order.use(state.entries.count)
                state.entries.append(entry)
            } else {
                let place = state.order.oldest
                state.places[state.entries[place].key] = nil
                state.places[key] = place
                state.entries[place] = entry
                state.order.use(place)
            }
        }
    }
}
