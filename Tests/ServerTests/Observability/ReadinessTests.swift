import Domain
import Persistence
import PostgreSQL
import Testing

@testable import connvo_server

@Suite struct ReadinessTests {
    @Test func `an unreadable key set is a warning, and one that is too old is an obstacle`() async throws {
        let nowhere = try ConnectionTarget(
            "postgresql:///connvo?host=/nonexistent",
            applicationName: "tests",
            sessionAttributes: .readWrite
        )
        let engine = try IssuanceEngine(
            IssuanceConfiguration(
                target: nowhere,
                policy: .init(streamRoles: [:], earlyJoinWindow: nil, pastDueGrace: .zero),
                terms: IssuanceTerms(signingKeyID: "none") { _ in SignedToken(bytes: [], sha256: []) }
            )
        ) { _ in }
        let monitor = try DatabaseMonitor(
            target: nowhere,
            migrations: .embedded,
            preparesStatements: true
        ) { _ in }
        try await RefreshedKeySet.with { keySet in
            let readiness = Readiness(
                engine: engine,
                monitor: monitor,
                keys: keySet.store,
                keySet: keySet.refresher,
                reloadStatus: ReloadStatus(start: SystemClock.now())
            )
            #expect(readiness.obstacles.contains { $0.contains("key") })
            try await keySet.answer(.success(RefreshedKeySet.set()))
            #expect(!readiness.obstacles.contains { $0.contains("key") })
            #expect(readiness.warnings.isEmpty)
            try await keySet.advance(by: .seconds(600))
            try await keySet.answer(.failure(.timedOut))
            #expect(!readiness.obstacles.contains { $0.contains("key") })
            #expect(readiness.warnings.count == 1)
            try await keySet.advance(by: .seconds(86_400))
            try await eventually { readiness.obstacles.contains { $0.contains("key") } }
            #expect(readiness.warnings.isEmpty)
        }
    }

    @Test func `the verbose report names obstacles and warnings`() {
        let all = Page.report(["one", "a \"b\""], warnings: ["three"])
        #expect(
            String(decoding: all, as: UTF8.self)
                == #"{"status":"not ready","obstacles":["one","a \"b\""],"warnings":["three"]}"#
        )
        let none = Page.report([], warnings: ["three"])
        #expect(String(decoding: none, as: UTF8.self) == #"{"status":"ready","obstacles":[],"warnings":["three"]}"#)
    }
}
