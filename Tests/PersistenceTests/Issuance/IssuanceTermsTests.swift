import Domain
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Persistence

/// Other terms for a running engine: another secret, another quota.
@Suite struct IssuanceTermsTests {
    /// Secrets that sign, and those that must not sign any more.
    private final class Secrets: Sendable {
        private let retired = Mutex<Set<String>>([])
        let violations = Atomic(0)
        let signed = Atomic(0)

        func retire(_ id: String) { retired.withLock { _ = $0.insert(id) } }

        func terms(_ id: String, requestsPerMinute: Int = 0) -> IssuanceTerms {
            IssuanceTerms(signingKeyID: id, requestsPerMinute: requestsPerMinute) { [self] contents in
                signed.add(1, ordering: .relaxed)
                // Time for a replacement in the middle of a batch.
                usleep(200)
                if retired.withLock({ $0.contains(id) }) { violations.add(1, ordering: .relaxed) }
                let bytes = Array("\(id) \(contents.id)".utf8)
                return SignedToken(bytes: bytes, sha256: TestEngine.digest(bytes))
            }
        }
    }

    @Test func `once the terms are replaced the secret before signs nothing, and no request fails`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let secrets = Secrets()
            let configure: (inout IssuanceConfiguration) -> Void = {
                $0.terms = secrets.terms(Self.id(0))
                $0.poolSize = 4
            }
            try TestEngine.run(on: database, configure: configure) { engine in
                var responses: [PendingResponse] = []
                for number in 1...50 {
                    for _ in 0..<40 { responses.append(engine.submit(paid.participant, paid.meeting)) }
                    let before = secrets.signed.load(ordering: .relaxed)
                    // A batch is being signed: the replacement comes into the middle of it.
                    #expect(waitUntil { secrets.signed.load(ordering: .relaxed) > before })
                    engine.engine.replaceTerms(with: secrets.terms(Self.id(number)))
                    secrets.retire(Self.id(number - 1))
                }
                let tokens = try responses.map {
                    String(decoding: try #require(try $0.outcome().token).token, as: UTF8.self)
                }
                // The record names the secret that has signed.
                let records = try database.scalar(
                    "SELECT string_agg(signing_key_id || ' ' || id, ',' ORDER BY id) FROM connvo.issued_tokens"
                )
                let written = tokens.sorted { $0.suffix(36) < $1.suffix(36) }.joined(separator: ",")
                #expect(records?.lowercased() == written.lowercased())
                #expect(secrets.violations.load(ordering: .relaxed) == 0)
                let last = try engine.ask(paid.participant, paid.meeting).token
                #expect(last.map { String(decoding: $0.token, as: UTF8.self).hasPrefix(Self.id(50)) } == true)
            }
        }
    }

    private static func id(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    @Test func `a quota is lowered, taken away and set on connections that are in use`() async throws {
        try await withDatabase { database in
            let paid = try database.paidMeeting()
            let secrets = Secrets()
            let configure: (inout IssuanceConfiguration) -> Void = {
                $0.terms = secrets.terms(Self.id(0))
                $0.poolSize = 1
            }
            try TestEngine.run(on: database, configure: configure) { (engine: TestEngine) throws in
                for _ in 0..<5 { #expect(try engine.ask(paid.participant, paid.meeting).token != nil) }

                // The engine has counted nothing so far: the records say that the quota is used up.
                engine.engine.replaceTerms(with: secrets.terms(Self.id(0), requestsPerMinute: 5))
                let response = engine.submit(paid.participant, paid.meeting)
                #expect(try response.outcome().rateLimited?.limit == 5)

                engine.engine.replaceTerms(with: secrets.terms(Self.id(0), requestsPerMinute: 8))
                for _ in 0..<3 { #expect(try engine.ask(paid.participant, paid.meeting).token != nil) }
                engine.engine.replaceTerms(with: secrets.terms(Self.id(0), requestsPerMinute: 2))
                // By its own count, at once.
                #expect(engine.submit(paid.participant, paid.meeting).outcomeAtOnce?.rateLimited?.limit == 2)

                engine.engine.replaceTerms(with: secrets.terms(Self.id(0)))
                for _ in 0..<3 { #expect(try engine.ask(paid.participant, paid.meeting).token != nil) }
            }
        }
    }
}
