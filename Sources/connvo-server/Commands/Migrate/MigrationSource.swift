internal import ArgumentParser
internal import FoundationEssentials
internal import JOSE
internal import Persistence

/// Where migrations come from: this binary, or a directory.
struct MigrationSource: ParsableArguments {
    @Option(
        name: .customLong("from"),
        help: ArgumentHelp(
            "Use the .sql files of this directory in place of the embedded migrations.",
            discussion: """
                roles.sql is taken from its parent directory, and where there is none, from this binary; \
                fingerprint.txt only from there.
                """,
            valueName: "directory"
        )
    ) var directory: String?

    /// Where the fingerprint of the migrations of a directory is.
    var fingerprintPath: String { "\(directory ?? ".")/../fingerprint.txt" }

    /// - Throws: ``CommandFailure`` when the directory cannot be read, ``MigrationFailure`` when a file cannot be a
    ///   migration.
    func catalogue() throws -> MigrationCatalogue {
        guard let directory else { return try .embedded(sha256: { SHA256.hash($0) }) }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw CommandFailure(.failed, "\(directory) cannot be read as a directory")
        }
        let files = try names.filter { $0.hasSuffix(".sql") }.sorted().map { name in
            (file: name, sql: try Self.text(of: "\(directory)/\(name)"))
        }
        guard !files.isEmpty else { throw CommandFailure(.failed, "\(directory) holds no .sql file") }
        let roles = "\(directory)/../roles.sql"
        let hasRoles = FileManager.default.fileExists(atPath: roles)
        return try MigrationCatalogue(
            files: files,
            roles: hasRoles ? Self.text(of: roles) : MigrationCatalogue.embeddedRoles,
            fingerprint: FileManager.default.fileExists(atPath: fingerprintPath)
                ? SchemaFingerprint(Self.text(of: fingerprintPath)) : nil,
            sha256: { SHA256.hash($0) }
        )
    }

    private static func text(of path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
        else { throw CommandFailure(.failed, "\(path) cannot be read as UTF-8 text") }
        return text
    }
}
