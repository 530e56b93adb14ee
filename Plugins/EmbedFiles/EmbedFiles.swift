import Foundation
import PackagePlugin

/// Embeds the files that the binary carries into the target that uses them, as one Swift file of raw strings, so that one
/// binary can be deployed without its source tree: `sql/` into Persistence; into the executable the documents that
/// `connvo-server help NAME` prints, the pages that the public listener sends, and the commit that the environment names.
@main
struct EmbedFiles: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
        switch target.name {
        case "Persistence": [try sqlCommand(context)]
        case "connvo-server": [try documentsCommand(context), try pagesCommand(context), try commitCommand(context)]
        default: []
        }
    }

    /// `sql/migrations/*.sql`, `sql/roles.sql` and `sql/fingerprint.txt`.
    private func sqlCommand(_ context: PluginContext) throws -> Command {
        let sql = context.package.directoryURL.appending(path: "sql")
        let migrations = try files(in: sql.appending(path: "migrations"), extension: "sql")
        let roles = sql.appending(path: "roles.sql")
        let fingerprint = sql.appending(path: "fingerprint.txt")
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedSQL.swift")
        return .buildCommand(
            displayName: "Embedding \(migrations.count) migrations",
            executable: try context.tool(named: "EmbedFilesTool").url,
            arguments: ["sql", output.path(), roles.path(), fingerprint.path()] + migrations.map { $0.path() },
            inputFiles: migrations + [roles, fingerprint],
            outputFiles: [output]
        )
    }

    /// `docs/*.md` without their index, README.md, CHANGELOG.md and openapi.yaml.
    private func documentsCommand(_ context: PluginContext) throws -> Command {
        let root = context.package.directoryURL
        let documents =
            try files(in: root.appending(path: "docs"), extension: "md").filter { $0.lastPathComponent != "README.md" }
            + ["README.md", "CHANGELOG.md", "openapi.yaml"].map { root.appending(path: $0) }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedDocuments.swift")
        return .buildCommand(
            displayName: "Embedding \(documents.count) documents",
            executable: try context.tool(named: "EmbedFilesTool").url,
            arguments: ["documents", output.path(), root.path()] + documents.map { $0.path() },
            inputFiles: documents,
            outputFiles: [output]
        )
    }

    /// What `scripts/openapi` makes of openapi.yaml: share/api/docs.html and share/api/openapi.json.
    private func pagesCommand(_ context: PluginContext) throws -> Command {
        let root = context.package.directoryURL
        let pages = ["docs.html", "openapi.json"].map { root.appending(path: "share/api").appending(path: $0) }
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedPages.swift")
        return .buildCommand(
            displayName: "Embedding \(pages.count) pages",
            executable: try context.tool(named: "EmbedFilesTool").url,
            arguments: ["pages", output.path(), root.path()] + pages.map { $0.path() },
            inputFiles: pages,
            outputFiles: [output]
        )
    }

    /// `CONNVO_COMMIT`, which `scripts/release` sets. It is not read from .git: every commit would be a reason to compile and
    /// link anew, and sources without .git would differ.
    private func commitCommand(_ context: PluginContext) throws -> Command {
        let commit = ProcessInfo.processInfo.environment["CONNVO_COMMIT"] ?? ""
        let output = context.pluginWorkDirectoryURL.appending(path: "EmbeddedCommit.swift")
        return .buildCommand(
            displayName: commit.isEmpty ? "Embedding no commit" : "Embedding commit \(commit)",
            executable: try context.tool(named: "EmbedFilesTool").url,
            arguments: ["commit", output.path(), commit],
            outputFiles: [output]
        )
    }

    /// In the order of their names.
    private func files(in directory: URL, extension suffix: String) throws -> [URL] {
        try FileManager.default
            .contentsOfDirectory(at: directory, includingPropertiesForKeys: nil)
            .filter { $0.pathExtension == suffix }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }
}
