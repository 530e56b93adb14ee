import Foundation
import TestSupport
import Testing

/// A connection string that leaves the servers to a service file of libpq.
@Suite struct ServiceFileTests {
    @Test func `a first host of a service file that sends nothing leaves time for the second`() async throws {
        let silent = try SilentListener()
        let environment = ProcessInfo.processInfo.environment
        try await withDatabase { database in
            let service = """
                [connvo]
                host=127.0.0.1,\(environment["PGHOST"] ?? "")
                port=\(silent.port),\(environment["PGPORT"] ?? "5432")
                dbname=\(database.name)
                """

            let result = try await Binary.run(
                "migrate",
                "status",
                "--exit-code",
                settings: ["DATABASE_URL": "service=connvo", "PGSERVICEFILE": "service.conf"],
                files: ["service.conf": service]
            )

            #expect(result.status != 69, "\(result.errors)")
            #expect(result.errors.isEmpty, "\(result.errors)")
        }
        withExtendedLifetime(silent) {}
    }

    @Test func `a service that does not exist is named`() async throws {
        let result = try await Binary.run(
            "migrate",
            "status",
            settings: ["DATABASE_URL": "service=nowhere", "PGSERVICEFILE": "service.conf"],
            files: ["service.conf": "[connvo]\ndbname=x\n"]
        )

        #expect(result.status == 69)
        #expect(result.errors.contains("nowhere"))
    }
}
