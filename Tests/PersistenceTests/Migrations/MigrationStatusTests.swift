import Domain
import Persistence
import Testing

@Suite struct MigrationStatusTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let known: Int
        let applied: [Int]
        var changed: [Int] = []
        let pending: [Int]
        var unknown: [Int] = []
        var gaps: [Int] = []

        var testDescription: String { "knows \(known), applied \(applied), changed \(changed)" }
    }

    @Test(arguments: [
        Case(known: 0, applied: [], pending: []),
        Case(known: 3, applied: [], pending: [1, 2, 3]),
        Case(known: 3, applied: [1], pending: [2, 3]),
        Case(known: 3, applied: [1, 2, 3], pending: []),
        Case(known: 3, applied: [3, 1, 2], pending: []),
        Case(known: 3, applied: [1, 2], changed: [2], pending: [3]),
        Case(known: 3, applied: [1, 2, 3], changed: [1, 3], pending: []),
        Case(known: 2, applied: [1, 2, 3], pending: [], unknown: [3]),
        Case(known: 0, applied: [1], pending: [], unknown: [1]),
        Case(known: 3, applied: [1, 3], pending: [2], gaps: [2]),
        Case(known: 3, applied: [3], pending: [1, 2], gaps: [1, 2]),
        Case(known: 3, applied: [1, 5], changed: [1], pending: [2, 3], unknown: [5], gaps: [2, 3]),
        Case(known: 2, applied: [-1, 1], pending: [2], unknown: [-1]),
    ])
    func `catalogue and applied rows make a plan`(example: Case) throws {
        let catalogue = try MigrationCatalogue.numbered(example.known)
        let applied = example.applied.map { version in
            AppliedMigration(
                version: version,
                name: catalogue[version: version]?.name ?? "unknown",
                checksum: example.changed.contains(version) ? "other" : catalogue[version: version]?.checksum ?? "any",
                appliedAt: Timestamp(secondsSinceEpoch: 0),
                took: .zero,
                appliedBy: "login",
                oldestBinary: nil
            )
        }

        let plan = MigrationStatus(catalogue: catalogue, applied: applied)

        #expect(plan.pending.map(\.version) == example.pending)
        #expect(plan.changed.map(\.migration.version) == example.changed)
        #expect(plan.unknown.map(\.version) == example.unknown)
        #expect(plan.gaps.map(\.version) == example.gaps)
        #expect(
            plan.isUpToDate
                == (example.pending.isEmpty && example.changed.isEmpty && example.unknown.isEmpty)
        )
    }
}
