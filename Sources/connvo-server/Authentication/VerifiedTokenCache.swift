internal import JOSE
internal import Synchronization

/// Stores the claims of verified bearer tokens, so that a token that is sent again is not verified again.
///
/// The size is bounded, the key is the token's SHA-256, no entry is used after `exp`, and a new key set empties the
/// cache. New entries go into the younger of two halves. When it is full, it replaces the older half, so entries in use
/// stay.
final class VerifiedTokenCache: Sendable {
    private struct State: Sendable {
        var generation: UInt64 = 0
        var younger: [Key: BearerClaims] = [:]
        var older: [Key: BearerClaims] = [:]
    }

    /// A SHA-256 in four integers, without an allocation.
    private struct Key: Hashable {
        private let words: (UInt64, UInt64, UInt64, UInt64)

        init(_ hash: [UInt8]) {
            words = hash.withUnsafeBytes { bytes in
                func word(_ index: Int) -> UInt64 { bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self) }
                return (word(0), word(1), word(2), word(3))
            }
        }

        static func == (one: Key, other: Key) -> Bool { one.words == other.words }

        func hash(into hasher: inout Hasher) {
            // Every part of a SHA-256 is equally random, so one word is enough.
            hasher.combine(words.0)
        }
    }

    private let half: Int
    private let state = Mutex(State())

    init(capacity: Int) {
        half = max(1, capacity / 2)
    }

    /// The claims of a token that was verified with the key set of `generation` and has not expired.
    ///
    /// - Parameter now: Seconds since the epoch. There is no leeway here: a token after its `exp` is verified again.
    func claims(of hash: [UInt8], generation: UInt64, now: Int64) -> BearerClaims? {
        let key = Key(hash)
        return state.withLock { state in
            guard state.generation == generation else { return nil }
            if let claims = state.younger[key] { return claims.expiresAt > now ? claims : nil }
            guard let claims = state.older[key], claims.expiresAt > now else { return nil }
            insert(claims, key, into: &state)
            return claims
        }
    }

    func insert(_ claims: BearerClaims, hash: [UInt8], generation: UInt64) {
        state.withLock { state in
            if state.generation != generation {
                guard generation > state.generation else { return }
                state = State(generation: generation)
            }
            insert(claims, Key(hash), into: &state)
        }
    }

    private func insert(_ claims: BearerClaims, _ key: Key, into state: inout State) {
        if state.younger.count >= half {
            state.older = state.younger
            state.younger = [:]
        }
        state.younger[key] = claims
    }
}
