internal import JOSE
internal import Synchronization

/// Remembers bearer tokens that were verified, so that a token that comes again is not verified again.
///
/// Bounded, keyed by the token's SHA-256, never beyond `exp`, and emptied when the key set changes. Two halves: the
/// younger takes new entries, and when it is full it replaces the older, so that what is used stays.
final class VerifiedTokenCache: Sendable {
    private struct State: Sendable {
        var generation: UInt64 = 0
        var younger: [[UInt8]: BearerClaims] = [:]
        var older: [[UInt8]: BearerClaims] = [:]
    }

    private let half: Int
    private let state = Mutex(State())

    init(capacity: Int) {
        half = max(1, capacity / 2)
    }

    /// The claims of a token that was verified under the key set of `generation` and has not expired.
    ///
    /// - Parameter now: Seconds since the epoch. No leeway is given: a token past its `exp` is verified anew.
    func claims(of hash: [UInt8], generation: UInt64, now: Int64) -> BearerClaims? {
        state.withLock { state in
            guard state.generation == generation else { return nil }
            if let claims = state.younger[hash] { return claims.expiresAt > now ? claims : nil }
            guard let claims = state.older[hash], claims.expiresAt > now else { return nil }
            insert(claims, hash, into: &state)
            return claims
        }
    }

    func insert(_ claims: BearerClaims, hash: [UInt8], generation: UInt64) {
        state.withLock { state in
            if state.generation != generation {
                guard generation > state.generation else { return }
                state = State(generation: generation)
            }
            insert(claims, hash, into: &state)
        }
    }

    private func insert(_ claims: BearerClaims, _ hash: [UInt8], into state: inout State) {
        if state.younger.count >= half {
            state.older = state.younger
            state.younger = [:]
        }
        state.younger[hash] = claims
    }
}
