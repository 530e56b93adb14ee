import Domain
import Foundation
import PostgreSQL
import Synchronization
import TestSupport
import Testing

@testable import Persistence
@testable import connvo_server

/// `explain` decides as the endpoint does: on random worlds, with the engine of `serve` and a real PostgreSQL.
@Suite struct ExplainPropertyTests {
    /// 10,000 worlds, a part under each of these settings.
    private static let worldCount = 10_000
    private static let settings: [[String: String]] = [
        [:],
        ["TOKENS_PER_MINUTE": "0", "EARLY_JOIN_WINDOW": "10m"],
        ["TOKENS_PER_MINUTE": "2", "EARLY_JOIN_WINDOW": "0s", "STREAM_ROLE_OBSERVER": "watcher"],
        ["TOKENS_PER_MINUTE": "1", "REQUESTED_ROLE": "ignore", "PAST_DUE_GRACE": "0s"],
    ]

    @Test func `10,000 random worlds are decided as by the endpoint, by every rule`() async throws {
        var allSettings: [ExplainSettings] = []
        for flags in Self.settings {
            var reader = try await SettingsReader(flags: flags, environment: [:], environmentFile: nil)
            allSettings.append(try ExplainSettings(&reader))
        }
        let counts = try await withDatabase { [allSettings] database in
            var random = SeededGenerator(seed: 15)
            // Ahead, so that no record of a minute before falls into a month without a partition.
            let now = Timestamp(secondsSinceEpoch: SystemClock.now().secondsSinceEpoch + 3600)
            var counts: [String: Int] = [:]
            var number = 0
            for settings in allSettings {
                var worlds: [World] = []
                for _ in 0..<(Self.worldCount / allSettings.count) {
                    number += 1
                    worlds.append(
                        World(
                            number: number,
                            now: now,
                            policy: settings.rules.policy,
                            limit: settings.rules.requestsPerMinute,
                            using: &random
                        )
                    )
                }
                try database.run(World.script(of: worlds))
                let explained = try Self.explain(worlds, settings: settings, on: database)
                let outcomes = try Self.ask(worlds, settings: settings, on: database)
                for (index, explanation) in explained.enumerated() {
                    let outcome = outcomes[index]
                    #expect(
                        explanation.decision == outcome.flatMap { Self.decision($0) },
                        "\(worlds[index].request): endpoint \(String(describing: outcome)), \(explanation.text)"
                    )
                    let refusing = explanation.steps.filter { $0.verdict != .passes }
                    #expect(refusing.first?.reason == explanation.reason)
                    #expect(explanation.steps.filter(\.decides).map(\.reason) == explanation.reason.map { [$0] } ?? [])
                    counts[explanation.reason ?? "admitted", default: 0] += 1
                }
            }
            return counts
        }
        for reason in Refusal.Reason.allCases.map(\.rawValue) + [RuleStep.quotaReason, "admitted"] {
            #expect(counts[reason, default: 0] >= 10, "\(reason): \(counts)")
        }
        #expect(counts.values.reduce(0, +) == Self.worldCount)
    }

    /// What `explain` says of each world, as the serving role and before the endpoint was asked.
    private static func explain(
        _ worlds: [World],
        settings: ExplainSettings,
        on database: TestDatabase
    ) throws -> [Explanation] {
        var connection = try database.connect(as: "connvo_app")
        // The command plans each statement once; here they run thousands of times.
        try connection.executeScript("SET plan_cache_mode = 'force_generic_plan'", deadline: .after(.seconds(20)))
        var explanations: [Explanation] = []
        for (index, world) in worlds.enumerated() {
            let inquiry = try AdmissionInquiry.read(
                world.request,
                at: world.now,
                rules: settings.rules,
                countsUpToThen: index.isMultiple(of: 2),
                deadline: .after(.seconds(30)),
                on: &connection
            )
            explanations.append(Explanation(inquiry, settings: settings, isAtPresent: true))
        }
        return explanations
    }

    /// What the engine decides, records and would answer.
    private static func ask(
        _ worlds: [World],
        settings: ExplainSettings,
        on database: TestDatabase
    ) throws -> [IssuanceOutcome?] {
        var configuration = IssuanceConfiguration(
            target: try ConnectionTarget(
                "dbname=\(database.name) options='-c role=connvo_app'",
                applicationName: "test"
            ),
            policy: settings.rules.policy,
            terms: IssuanceTerms(
                signingKeyID: "0123456789abcdef",
                requestsPerMinute: settings.rules.requestsPerMinute
            ) { contents in
                SignedToken(bytes: Array("\(contents.id)".utf8), sha256: [UInt8](repeating: 7, count: 32))
            }
        )
        configuration.batching.maximumWait = .seconds(30)
        configuration.statementTimeout = .seconds(30)
        let engine = try IssuanceEngine(configuration) { _ in }
        try engine.start()
        defer { engine.stop() }
        let outcomes = Outcomes(count: worlds.count)
        for start in stride(from: 0, to: worlds.count, by: 500) {
            let chunk = start..<min(start + 500, worlds.count)
            for index in chunk {
                let world = worlds[index]
                let request = IssuanceRequest(
                    admission: world.request,
                    receivedAt: world.now,
                    sessionID: "session",
                    impersonator: nil,
                    clientIP: nil,
                    userAgent: nil,
                    requestID: "request-\(world.request.meetingID)"
                )
                let pending = PendingIssuance(
                    request,
                    deadline: .after(.seconds(60)),
                    completionQueue: DirectCompletions()
                ) { outcomes.set($0, at: index) }
                if let atOnce = engine.submit(pending) { outcomes.set(atOnce, at: index) }
            }
            guard waitUntil(within: .seconds(60), { outcomes.known == chunk.upperBound }) else { break }
        }
        return outcomes.all
    }

    private static func decision(_ outcome: IssuanceOutcome) -> IssuanceRules.Decision? {
        switch outcome {
        case .issued(let token): .admitted(token.admission)
        case .refused(let refusal): .refused(refusal)
        case .rateLimited(_, let retryAfter): .rateLimited(retryAfter: retryAfter)
        case .unavailable, .failed: nil
        }
    }
}

/// The outcomes of the worlds of one engine, by their index.
private final class Outcomes: Sendable {
    private let outcomes: Mutex<[IssuanceOutcome?]>

    init(count: Int) {
        outcomes = Mutex(Array(repeating: nil, count: count))
    }

    func set(_ outcome: IssuanceOutcome, at index: Int) { outcomes.withLock { $0[index] = outcome } }

    var all: [IssuanceOutcome?] { outcomes.withLock { $0 } }

    var known: Int { outcomes.withLock { $0.count { $0 != nil } } }
}

/// Completes on the engine's thread.
private final class DirectCompletions: CompletionQueue {
    func run(_ completions: [IssuanceCompletion]) {
        for completion in completions { completion() }
    }
}
