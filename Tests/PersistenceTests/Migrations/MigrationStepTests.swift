import Domain
import TestSupport
import Testing

@testable import Persistence

/// What was read of a database decides what there is to do; no database is asked.
@Suite struct MigrationStepTests {
    /// A database that has 0001 and 0002 of the catalogue, in which nothing is left to do.
    private static func upToDate() throws -> MigratorState {
        try MigratorState(
            objects: MigratorObjects(schema: true, migrationsTable: true, stateTables: true, partitionFunction: false),
            status: status(applied: [1, 2]),
            convergence: Convergence(current: "a", recorded: "a")
        )
    }

    private static func catalogue(_ count: Int = 2, last: String? = nil) throws -> MigrationCatalogue {
        try .scratch(
            (1...count).map { number in
                (
                    "000\(number)_words.sql",
                    number == count ? last ?? "SELECT \(number);" : "SELECT \(number);"
                )
            }
        )
    }

    private static func status(
        known: MigrationCatalogue? = nil,
        applied: [Int],
        changed: Set<Int> = []
    ) throws -> MigrationStatus {
        let known = try known ?? catalogue()
        return MigrationStatus(
            catalogue: known,
            applied: applied.map { version in
                AppliedMigration(
                    version: version,
                    name: "words",
                    checksum: changed.contains(version) ? "another" : known[version: version]?.checksum ?? "any",
                    appliedAt: Timestamp(secondsSinceEpoch: 0),
                    took: .zero,
                    appliedBy: "login",
                    oldestBinary: nil
                )
            }
        )
    }

    /// A line for each step.
    private static func steps(of state: MigratorState, to target: Int? = nil) throws -> [String] {
        try state.steps(to: target).map { step in
            switch step {
            case .prepare(let scripts): "prepare, making \(scripts.count)"
            case .repair(let index): "repair \(index.name)"
            case .apply(let migration, .absent): "apply \(migration.version)"
            case .apply(let migration, let index): "apply \(migration.version), index \(index)"
            case .storeTexts(let migrations): "store \(migrations.map { String($0.version) }.joined(separator: " "))"
            case .converge(let known, let makesPartitions):
                "converge\(known == nil ? "" : " since \(known?.current ?? "")")\(makesPartitions ? ", partitions" : "")"
            }
        }
    }

    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var target: Int?
        let change: @Sendable (inout MigratorState) throws -> Void
        let steps: [String]

        init(
            _ description: String,
            to target: Int? = nil,
            _ steps: [String],
            _ change: @escaping @Sendable (inout MigratorState) throws -> Void
        ) {
            testDescription = description
            self.target = target
            self.steps = steps
            self.change = change
        }
    }

    private static let index = "-- connvo: no-transaction\nCREATE INDEX CONCURRENTLY a_idx ON connvo.a (id);"
    private static let invalid = InvalidIndex(name: "connvo.a_idx", table: "connvo.a", isTransient: false)

    @Test(arguments: [
        Example("up to date", []) { _ in },
        Example("never migrated", ["prepare, making 3", "apply 1", "apply 2", "store 1 2", "converge"]) { state in
            state.objects = MigratorObjects(
                schema: false,
                migrationsTable: false,
                stateTables: false,
                partitionFunction: false
            )
            state.status = try status(applied: [])
            state.convergence = nil
        },
        Example("by a binary that had no tables of state", ["prepare, making 1", "store 1 2", "converge"]) { state in
            state.objects.stateTables = false
            state.withoutText = try catalogue().migrations
            state.convergence = nil
        },
        Example("a pending file", ["prepare, making 0", "apply 3", "store 3", "converge"]) { state in
            state.status = try status(known: catalogue(3), applied: [1, 2])
        },
        Example("pending files up to a target", to: 3, ["prepare, making 0", "apply 3", "store 3", "converge"]) {
            state in
            state.status = try status(known: catalogue(5), applied: [1, 2])
        },
        Example("pending files beyond the target", to: 2, []) { state in
            state.status = try status(known: catalogue(5), applied: [1, 2])
        },
        Example("a text that is not stored", ["store 2"]) { state in
            state.withoutText = [try catalogue().migrations[1]]
        },
        Example("texts that are not stored, and a file", ["prepare, making 0", "apply 3", "store 1 3", "converge"]) {
            state in
            state.status = try status(known: catalogue(3), applied: [1, 2])
            state.withoutText = [try catalogue().migrations[0]]
        },
        Example("another fingerprint", ["prepare, making 0", "converge since b"]) { state in
            state.convergence = Convergence(current: "b", recorded: "a")
        },
        Example("no fingerprint", ["prepare, making 0", "converge since a"]) { state in
            state.convergence = Convergence(current: "a", recorded: nil)
        },
        Example("a fingerprint that the login may not read", ["prepare, making 0", "converge"]) { state in
            state.convergence = nil
        },
        Example("partitions to look for", ["prepare, making 0", "converge since b, partitions"]) { state in
            state.objects.partitionFunction = true
            state.convergence = Convergence(current: "b", recorded: "a")
        },
        Example(
            "a file that makes partitions possible",
            ["prepare, making 0", "apply 3", "store 3", "converge, partitions"]
        ) { state in
            let sql = "CREATE FUNCTION connvo.ensure_partitions() RETURNS void RETURN NULL;"
            state.status = try status(known: catalogue(3, last: sql), applied: [1, 2])
        },
        Example("an INVALID index", ["prepare, making 0", "repair connvo.a_idx", "converge"]) { state in
            state.invalidIndexes = [invalid]
        },
        Example(
            "an INVALID index before a file",
            ["prepare, making 0", "repair connvo.a_idx", "apply 3", "store 3", "converge"]
        ) { state in
            state.invalidIndexes = [invalid]
            state.status = try status(known: catalogue(3), applied: [1, 2])
        },
        Example(
            "a remnant of a pending file",
            ["prepare, making 0", "apply 3, index invalid", "store 3", "converge"]
        ) { state in
            state.invalidIndexes = [invalid]
            state.status = try status(known: catalogue(3, last: index), applied: [1, 2])
            state.concurrentIndexes = [3: .invalid]
        },
        Example(
            "a remnant of a file beyond the target",
            to: 2,
            ["prepare, making 0", "repair connvo.a_idx", "converge"]
        ) {
            state in
            state.invalidIndexes = [invalid]
            state.status = try status(known: catalogue(3, last: index), applied: [1, 2])
            state.concurrentIndexes = [3: .invalid]
        },
    ])
    func `what was read decides the steps`(example: Example) throws {
        var state = try Self.upToDate()
        try example.change(&state)

        #expect(try Self.steps(of: state, to: example.target) == example.steps)
    }

    @Test func `there are no steps for a database that must not be touched`() throws {
        var state = try Self.upToDate()
        for status in [
            try Self.status(applied: [1, 2], changed: [2]), try Self.status(applied: [1, 2, 3]),
            try Self.status(known: Self.catalogue(3), applied: [1, 3]),
        ] {
            state.status = status
            let refusal = try #require(status.refusal)
            #expect(throws: refusal) { try state.steps() }
        }
    }

    @Test func `an index that was finished is only recorded by the plan`() throws {
        var state = try Self.upToDate()
        state.status = try Self.status(known: Self.catalogue(3, last: Self.index), applied: [1, 2])
        func statements() throws -> [String] {
            try MigrationPlan(of: state.steps(), becomesOwner: false, lockRetry: LockRetry(), roles: "SELECT 1")
                .sections[1]
                .statements
        }
        #expect(try statements().first == Self.index)

        state.concurrentIndexes = [3: .finished]
        #expect(try statements().count == 1)
        #expect(try statements().first?.contains("INSERT INTO connvo.schema_migrations") == true)

        state.concurrentIndexes = [3: .invalid]
        #expect(try statements().prefix(2) == ["DROP INDEX CONCURRENTLY connvo.a_idx;", Self.index])
    }
}
