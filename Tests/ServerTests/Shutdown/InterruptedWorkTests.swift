import Glibc
import PostgreSQL
import Testing

@testable import connvo_server

/// The line that a command prints when a signal ends it. That it is true is tested with real signals (Tests/Interop).
@Suite struct InterruptedWorkTests {
    private typealias Observation = CommandGate.Observation

    private func sentence(
        _ effect: InterruptedWork.Effect,
        _ observation: CommandGate.Observation = Observation(),
        done: [String] = [],
        underWay: String? = nil,
        remnant: String? = nil
    ) -> String {
        let work = InterruptedWork(effect: effect, done: done, underWay: underWay, remnant: remnant)
        return work.sentence(after: SIGINT, observation, published: [])
    }

    private static let seed = InterruptedWork.Effect.oneTransaction(done: "seeded", unknown: "not answered")
    private static let migrate = InterruptedWork.Effect.steps(again: "Again.")

    @Test func `one transaction is done, undone or not answered`() {
        #expect(sentence(Self.seed) == "SIGINT: nothing in the database was changed")
        #expect(sentence(Self.seed, Observation(command: .inTransaction)) == sentence(Self.seed))
        #expect(sentence(Self.seed, Observation(command: .commit)) == "SIGINT: not answered")
        #expect(sentence(Self.seed, Observation(commits: 1)) == "SIGINT: seeded")
    }

    @Test func `of steps, those that are done are named, and the one under way`() {
        #expect(sentence(Self.migrate) == "SIGINT: nothing in the database was changed. Again.")
        #expect(sentence(Self.migrate, done: ["a", "b"]) == "SIGINT: done, and kept: a, b. Again.")
        #expect(
            sentence(Self.migrate, Observation(command: .inTransaction), done: ["a"], underWay: "b")
                == "SIGINT: done, and kept: a; rolled back: b. Again."
        )
        #expect(
            sentence(Self.migrate, Observation(command: .commit), underWay: "b")
                == "SIGINT: the server has not answered whether this is done: b. Again."
        )
        #expect(
            sentence(Self.migrate, Observation(command: .alone), done: ["a"])
                == "SIGINT: done, and kept: a; the server has not answered whether the last step is done. Again."
        )
        #expect(
            sentence(Self.migrate, underWay: "b", remnant: "whose index is dropped")
                == "SIGINT: ended early: b, whose index is dropped. Again."
        )
        #expect(
            sentence(Self.migrate, done: (1...7).map { "\($0)" }) == "SIGINT: done, and kept: 1 to 7 (7 steps). Again."
        )
    }

    @Test func `a file is written or as it was`() {
        let work = InterruptedWork(output: "x.json")
        #expect(
            work.sentence(after: SIGTERM, Observation(), published: [])
                == "SIGTERM: nothing in the database was changed; x.json was not written, and is as it was"
        )
        #expect(
            work.sentence(after: SIGHUP, Observation(), published: ["/x.json"])
                == "SIGHUP: nothing in the database was changed; x.json is written completely"
        )
    }
}
