import Foundation
import PackagePlugin

/// Embeds the files that the binary carries, `sql/migrations/*.sql`, `sql/roles.sql` and `sql/fingerprint.txt`, into the
/// target as one Swift file of raw strings, so that one binary can be deployed without its source tree.
@main
struct EmbedFiles: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        let sql = context.package.directoryURL.appending(path: "sql")
        let migrations = try FileManager.default
            .contentsOfDirectory(at: sql.appending(path: "migrations"), includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == "sql" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
        let roles = sql.appending(path: "roles.sql")
        let fingerprint = sql.appending(path: "fingerprint.txt")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedSQL.swift")
        return [
            .buildCommand(
                displayName: "Embedding \(migrations.count) migrations",
                executable: try context.tool(named: "EmbedFilesTool").url,
                arguments: [output.path(), roles.path(), fingerprint.path()] + migrations.map { $0.path() },
                inputFiles: migrations + [roles, fingerprint],
                outputFiles: [output]
            )
        ]
    }
}
