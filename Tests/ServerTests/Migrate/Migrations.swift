import Foundation
import TestSupport

/// A folder of migrations that a test writes, and processes that migrate a database with them.
final class Migrations: Sendable {
    let folder: Folder
    let database: TestDatabase

    /// - Parameter files: Name and text of each migration. There is no roles.sql that does anything.
    init(_ database: TestDatabase, _ files: [String: String]) throws {
        self.database = database
        folder = try Folder()
        try FileManager.default.createDirectory(atPath: folder.file("migrations"), withIntermediateDirectories: true)
        try folder.write(Array("SELECT 1;\n".utf8), to: "roles.sql")
        for (name, text) in files { try write(text, to: name) }
    }

    func write(_ text: String, to name: String) throws {
        try folder.write(Array(text.utf8), to: "migrations/\(name)")
    }

    func remove(_ name: String) throws {
        try folder.remove("migrations/\(name)")
    }

    var settings: [String: String] { ["DATABASE_ADMIN_URL": "postgresql:///\(database.name)"] }

    private func arguments(_ words: [String]) -> [String] {
        ["migrate"] + words + ["--from", folder.file("migrations")]
    }

    /// Runs `migrate` with these words to its end.
    func run(_ words: String...) async throws -> Binary.Result {
        try await Binary.run(arguments(words), settings: settings)
    }

    /// A process of `migrate` that has been started.
    struct Running: Sendable {
        let process: LaunchedProcess
        let folder: Folder

        var output: String { folder.text("output") }
        var errors: String { folder.text("errors") }
    }

    func start(_ words: String...) throws -> Running {
        let folder = try Folder()
        return Running(
            process: try LaunchedProcess(arguments(words), settings: settings, folder: folder),
            folder: folder
        )
    }

    /// What the database holds, apart from the migrator's own tables.
    func tables() async throws -> String {
        try await scalar(
            """
            SELECT coalesce(string_agg(relname, ' ' ORDER BY relname), '') FROM pg_class
            WHERE relnamespace = to_regnamespace('connvo') AND relkind = 'r' AND relname NOT LIKE 'schema!_%' ESCAPE '!'
            """
        ) ?? ""
    }

    func scalar(_ sql: String) async throws -> String? {
        try await onOwnThread { [database] in try database.scalar(sql) }
    }

    func sql(_ script: String) async throws {
        try await onOwnThread { [database] in try database.run(script) }
    }
}

extension Migrations {
    /// SQL that goes on until a row has been inserted into `public.gate`.
    static let waitAtGate = """
        DO $$ BEGIN
            WHILE NOT EXISTS (SELECT FROM public.gate) LOOP PERFORM pg_sleep(0.01); END LOOP;
        END $$;
        """
}
