import InMemoryLogging
import JOSE
import Logging
import NIOHTTP1
import Synchronization
import Testing

@testable import connvo_server

/// How changes and failures of a key set affect tokens.
@Suite struct KeySetRefresherTests {
    private static let day = Duration.seconds(86_400)

    @Test func `before the first set every token is refused as the server's fault`() async throws {
        try await RefreshedKeySet.with { keySet in
            let token = try Tokens.bearer(SeedData.host)
            let failure = try #require(keySet.failure(of: token))
            #expect(failure.reason == .keysUnavailable)
            #expect(failure.cause == "no_usable_key")
            try await keySet.answer(.success(RefreshedKeySet.set()))
            #expect(keySet.failure(of: token) == nil)
        }
    }

    @Test func `the set is read again in the background`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await keySet.advance(by: .seconds(431))
            #expect(keySet.source.count == 1)
            try await keySet.advance(by: .seconds(98))
            #expect(keySet.source.count == 2)
            try await keySet.answer(.success(RefreshedKeySet.set(next: true)))
            #expect(try keySet.failure(of: RefreshedKeySet.nextToken()) == nil)
        }
    }

    @Test func `a key removed from the set stops working, also for tokens accepted before`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set(next: true)))
            let token = try Tokens.bearer(SeedData.host)
            for _ in 0..<2 { #expect(keySet.failure(of: token) == nil) }
            try await keySet.advance(by: .seconds(600))
            try await keySet.answer(.success(RefreshedKeySet.set(current: false, next: true)))
            let failure = try #require(keySet.failure(of: token))
            #expect(failure.cause == "unknown_kid")
            #expect(failure.reason == .invalidToken)
            #expect(try keySet.failure(of: RefreshedKeySet.nextToken()) == nil)
        }
    }

    @Test func `an unchanged set does not cause tokens to be verified again`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            let generation = keySet.store.current.generation
            try await keySet.advance(by: .seconds(600))
            try await keySet.answer(.success(RefreshedKeySet.set() + Array("\n".utf8)))
            #expect(keySet.source.count == 2)
            #expect(keySet.store.current.generation == generation)
            for outcome in ["replaced", "unchanged"] {
                #expect(keySet.metrics.value(of: #"connvo_key_set_reads_total{outcome="\#(outcome)"}"#) == 1)
            }
        }
    }

    // MARK: Failing

    static let failures: [(ScriptedKeySet.Answer, String)] = [
        (.failure(.timedOut), "timed_out"), (.failure(.status(500)), "status"),
        (.failure(.connection("refused")), "connection"), (.failure(.tls("expired")), "tls"),
        (.success(Array(#"{"keys":[]}"#.utf8)), "no_usable_key"), (.success(Array("<html></html>".utf8)), "not_json"),
        (.success(Array("[]".utf8)), "not_a_key_set"),
        (.success(Array(#"{"keys":[{"kty":"RSA","kid":"x","d":"AQAB"}]}"#.utf8)), "holds_private_key"),
        (.success(Array(repeating: UInt8(ascii: " "), count: 64 * 1024 + 1)), "too_long"),
    ]

    @Test(arguments: failures)
    func `a read without a usable set leaves the last set in use`(
        answer: ScriptedKeySet.Answer,
        slug: String
    ) async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            #expect(keySet.refresher.warning == nil)
            #expect(try keySet.failure(of: RefreshedKeySet.unknownToken())?.reason == .invalidToken)
            try await keySet.advance(by: .seconds(600))
            try await keySet.answer(answer)

            #expect(try keySet.failure(of: Tokens.bearer(SeedData.host)) == nil)
            let unknown = try #require(try keySet.failure(of: RefreshedKeySet.unknownToken()))
            #expect(unknown.reason == .keysUnavailable)
            #expect(unknown.cause == "unknown_kid_after_failed_fetch")
            #expect(keySet.refresher.warning?.contains("600 s ago") == true)
            #expect(keySet.metrics.value(of: #"connvo_key_set_reads_total{outcome="\#(slug)"}"#) == 1)

            // The next read starts soon, without a request.
            try await keySet.advance(by: .milliseconds(1200))
            try await keySet.answer(.success(RefreshedKeySet.set()))
            #expect(keySet.refresher.warning == nil)
            #expect(try keySet.failure(of: RefreshedKeySet.unknownToken())?.reason == .invalidToken)
        }
    }

    @Test func `a repeated failure is one line in the log, and its end another`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await keySet.advance(by: .seconds(600))
            for _ in 0..<5 {
                try await keySet.answer(.failure(.status(500)))
                try await keySet.advance(by: .seconds(40))
            }
            try await keySet.answer(.success(RefreshedKeySet.set()))
            #expect(keySet.log.entries.map(\.level) == [.info, .error, .info])
            #expect(keySet.log.entries[1].metadata["reason"]?.description.contains("500") == true)
        }
    }

    @Test func `an unusable key is one line in the log until the set changes`() async throws {
        let bad = #"{"keys":[{"kty":"EC","kid":"curve"},"#
        try await RefreshedKeySet.with { keySet in
            let good = String(decoding: try RefreshedKeySet.set().dropFirst(#"{"keys":["#.utf8.count), as: UTF8.self)
            for _ in 0..<3 {
                try await keySet.answer(.success(Array((bad + good).utf8)))
                try await keySet.advance(by: .seconds(600))
            }
            let lines = keySet.log.entries.filter { $0.level == .warning }
            #expect(lines.count == 1)
            #expect(lines.first?.metadata["kid"]?.description == "curve")
            #expect(lines.first?.metadata["reason"]?.description == "not_rsa")
            let worse = Array((bad + #"{"kty":"RSA"},"# + good).utf8)
            try await keySet.answer(.success(worse))
            #expect(keySet.log.entries.filter { $0.level == .warning }.count == 2)
        }
    }

    @Test func `after a day without a successful read no token is accepted until the next success`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            let token = try Tokens.bearer(SeedData.host)
            #expect(keySet.failure(of: token) == nil)
            try await keySet.advance(by: .seconds(600))
            try await keySet.answer(.failure(.timedOut))
            try await keySet.advance(by: Self.day - .seconds(601))
            try await keySet.answer(.failure(.timedOut))
            #expect(keySet.failure(of: token) == nil)

            try await keySet.advance(by: .seconds(1))
            try await eventually { keySet.store.current.keys.isEmpty }
            let failure = try #require(keySet.failure(of: token))
            #expect(failure.reason == .keysUnavailable)
            #expect(failure.cause == "no_usable_key")
            #expect(keySet.refresher.warning == nil)
            #expect(keySet.log.entries.contains { $0.level == .critical })
            #expect(keySet.metrics.value(of: "connvo_key_set_age_seconds") == 86_400)

            try await keySet.advance(by: .seconds(60))
            try await keySet.answer(.success(RefreshedKeySet.set()))
            #expect(keySet.failure(of: token) == nil)
        }
    }

    // MARK: Unknown keys

    /// Requests a read `count` times. Returns how many requests will be called back, and counts the calls.
    private final class Waiting: Sendable {
        private let called = Mutex(0)

        var calledCount: Int { called.withLock { $0 } }

        func ask(_ count: Int, _ keySet: RefreshedKeySet, since generation: UInt64? = nil) async -> Int {
            let generation = generation ?? keySet.store.current.generation
            return await withTaskGroup { group in
                for _ in 0..<count {
                    group.addTask {
                        keySet.refresher.whenRead(since: generation) { self.called.withLock { $0 += 1 } }
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
        }
    }

    @Test func `many unknown keys at once start one read, and all are called back after it`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await keySet.advance(by: .seconds(30))
            let waiting = Waiting()
            #expect(await waiting.ask(100, keySet) == 100)
            try await eventually { keySet.source.isBeingRead }
            #expect(await waiting.ask(100, keySet) == 100)
            #expect(keySet.source.count == 2)
            #expect(waiting.calledCount == 0)
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await eventually { waiting.calledCount == 200 }
            #expect(await waiting.ask(100, keySet) == 0)
            #expect(keySet.source.count == 2)
            #expect(waiting.calledCount == 200)
        }
    }

    @Test func `waiting requests are called back when the read fails`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await keySet.advance(by: .seconds(30))
            let waiting = Waiting()
            #expect(await waiting.ask(3, keySet) == 3)
            try await keySet.answer(.failure(.timedOut))
            try await eventually { waiting.calledCount == 3 }
        }
    }

    @Test func `the number of waiting requests is limited`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await keySet.advance(by: .seconds(30))
            let waiting = Waiting()
            #expect(await waiting.ask(3000, keySet) == KeySetRefresher.waitingLimit)
            try await keySet.answer(.success(RefreshedKeySet.set()))
            try await eventually { waiting.calledCount == KeySetRefresher.waitingLimit }
        }
    }

    @Test func `a request that used an older set is called back at once, even during the cooldown`() async throws {
        try await RefreshedKeySet.with { keySet in
            try await keySet.answer(.success(RefreshedKeySet.set()))
            let generation = keySet.store.current.generation
            try await keySet.advance(by: .seconds(600))
            try await keySet.answer(.success(RefreshedKeySet.set(next: true)))
            let waiting = Waiting()
            #expect(await waiting.ask(1, keySet, since: generation) == 1)
            #expect(waiting.calledCount == 1)
            #expect(keySet.source.count == 2)
        }
    }
}
