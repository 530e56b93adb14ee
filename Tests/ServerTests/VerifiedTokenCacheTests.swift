import JOSE
import Testing

@testable import connvo_server

@Suite struct VerifiedTokenCacheTests {
    private static let now: Int64 = 1_800_000_000

    private func key(_ number: Int) -> VerifiedTokenCache.Key { VerifiedTokenCache.Key(Array("token-\(number)".utf8)) }

    private func claims(_ number: Int, expiresAt: Int64 = now + 60) -> BearerClaims {
        BearerClaims(subject: "user_\(number)", sessionID: "session", expiresAt: expiresAt, impersonator: nil)
    }

    /// Puts tokens into a cache, as if they had been verified with the first key set.
    private func insert(_ numbers: some Sequence<Int>, into cache: VerifiedTokenCache) {
        for number in numbers { cache.insert(claims(number), key: key(number), generation: 1) }
    }

    /// Which of the tokens 0..<100 are in the cache. Looking does not change that.
    private func found(in cache: VerifiedTokenCache) -> [Int] {
        (0..<100).filter { cache.claims(of: key($0), generation: 1, now: Self.now) == claims($0) }
    }

    @Test func `as many as fit are remembered, the others go in the order of their use`() {
        let cache = VerifiedTokenCache(capacity: 10)
        insert(0..<10, into: cache)
        #expect(found(in: cache) == Array(0..<10))
        for last in 10..<60 {
            insert([last], into: cache)
            #expect(found(in: cache) == Array(last - 9...last))
        }
        insert([55, 50, 50], into: cache)
        #expect(found(in: cache) == Array(50..<60), "a token that is known takes no other place")
    }

    @Test func `a token in use stays, however many others come`() {
        let cache = VerifiedTokenCache(capacity: 10)
        insert([0], into: cache)
        for number in 1..<1000 {
            insert([number], into: cache)
            // It is used once for nine others.
            if number.isMultiple(of: 9) {
                #expect(cache.claims(of: key(0), generation: 1, now: Self.now) == claims(0))
            }
        }
        insert(1000..<1010, into: cache)
        #expect(cache.claims(of: key(0), generation: 1, now: Self.now) == nil)
    }

    @Test func `a cache of one token works`() {
        let cache = VerifiedTokenCache(capacity: 1)
        for number in [3, 4, 4, 5] {
            insert([number], into: cache)
            #expect(found(in: cache) == [number])
        }
    }

    @Test func `no token is used with another key set than it was verified with`() {
        let cache = VerifiedTokenCache(capacity: 10)
        insert(0..<10, into: cache)
        for generation: UInt64 in [0, 2, .max] {
            #expect(cache.claims(of: key(3), generation: generation, now: Self.now) == nil)
        }
        cache.insert(claims(3), key: key(3), generation: 2)
        #expect(cache.claims(of: key(3), generation: 1, now: Self.now) == nil)
        #expect(cache.claims(of: key(3), generation: 2, now: Self.now) == claims(3))
        for number in 20..<30 { cache.insert(claims(number), key: key(number), generation: 2) }
        #expect(found(in: cache) == [], "tokens of the former set leave as others do")
    }

    @Test func `no token is used at exp or later, and a new entry replaces it`() {
        let cache = VerifiedTokenCache(capacity: 10)
        cache.insert(claims(1, expiresAt: Self.now), key: key(1), generation: 1)
        #expect(cache.claims(of: key(1), generation: 1, now: Self.now - 1) != nil)
        #expect(cache.claims(of: key(1), generation: 1, now: Self.now) == nil)
        #expect(cache.claims(of: key(1), generation: 1, now: Self.now + 1) == nil)
        insert([1], into: cache)
        #expect(found(in: cache) == [1])
    }

    @Test func `many tasks get the claims of their own tokens`() async {
        let cache = VerifiedTokenCache(capacity: 50)
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<16 {
                group.addTask {
                    (0..<2000).allSatisfy { round in
                        let number = (task * 7 + round * round) % 90
                        if let found = cache.claims(of: key(number), generation: 1, now: Self.now) {
                            return found == claims(number)
                        }
                        insert([number], into: cache)
                        return true
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
        #expect((1...50).contains(found(in: cache).count))
    }
}
