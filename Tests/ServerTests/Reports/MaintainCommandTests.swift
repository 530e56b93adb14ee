import TestSupport
import Testing

/// `connvo-server maintain`: what it prints and how it exits.
@Suite struct MaintainCommandTests {
    @Test func `old months are told, detached and kept, and a second run has nothing to do`() async throws {
        try await withDatabase { database in
            try await onOwnThread {
                try database.run(
                    "SET ROLE connvo_owner; SELECT connvo.create_partition('token_refusals', '2020-01-01')"
                )
            }
            let own = ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"]
            let settings = own.merging(["RECORD_RETENTION_MONTHS": "12"]) { $1 }

            // Rollups first: what is not in them is not taken away.
            #expect(try await Binary.run("maintain", settings: own).status == 0)
            let foretold = try await Binary.run("maintain", "--dry-run", settings: settings)
            #expect(foretold.status == 2)
            #expect(foretold.output == "would detach token_refusals_2020_01\n")

            let done = try await Binary.run("maintain", settings: settings)
            #expect(done.status == 0)
            #expect(done.output.contains("detached token_refusals_2020_01: 0 records, checksum 0\n"))
            #expect(done.output.contains("keeping token_refusals_2020_01, detached, until "))

            let again = try await Binary.run("maintain", "--dry-run", settings: settings)
            #expect(again.status == 0)
            #expect(again.errors.contains("Nothing to do."))
        }
    }

    @Test func `each failure has its own code`() async throws {
        let away = ["DATABASE_ADMIN_URL": "postgresql:///connvo?host=/nonexistent"]
        #expect(try await Binary.run("maintain", settings: away).status == 69)

        for months in ["x", "-1", "1201", "1.5"] {
            let settings = away.merging(["RECORD_RETENTION_MONTHS": months]) { $1 }
            let refused = try await Binary.run("maintain", settings: settings)
            #expect(refused.status == 78)
            #expect(refused.errors.contains("RECORD_RETENTION_MONTHS is \"\(months)\""))
        }
        try await withDatabase(.empty) { database in
            let settings = ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"]
            let older = try await Binary.run("maintain", settings: settings)
            #expect(older.status == 1)
            #expect(older.errors.contains("connvo-server migrate"), "\(older.errors)")
        }
    }
}
