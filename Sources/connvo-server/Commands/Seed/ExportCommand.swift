internal import ArgumentParser
internal import Persistence
internal import PostgreSQL
internal import SeedFiles

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write what the business tables hold, as files that seed reads.",
        discussion: """
            Example: connvo-server export --output connvo.json

            The rows are those of one moment, in the order of their keys: the same rows are the same bytes. They hold \
            personal data. Records of tokens are not exported. `connvo-server help seeding` says more.
            """
    )

    @Option(
        help: ArgumentHelp("json, ndjson or csv; otherwise as --output ends, json at last.", valueName: "format"),
        completion: SeedFormatName.completion,
        transform: SeedFormatName.parse
    )
    var format: SeedFormatName?

    @Option(
        help: ArgumentHelp("Only rows of this kind; may be repeated. CSV takes exactly one.", valueName: "kind"),
        completion: SeedKindName.completion,
        transform: SeedKindName.parse
    )
    var kind: [SeedKindName] = []

    @Option(
        help: ArgumentHelp("A file, which appears once it is complete; otherwise standard output.", valueName: "file")
    )
    var output: String?

    private var wantedFormat: SeedFormat { format?.format ?? output.flatMap { SeedFormat(path: $0) } ?? .json }

    /// In the order in which rows refer to each other, however they were asked for.
    private var kinds: [SeedKind] {
        let wanted = Set(kind.map(\.kind))
        return SeedKind.allCases.filter { wanted.isEmpty || wanted.contains($0) }
    }

    func validate() throws {
        if wantedFormat == .csv, kinds.count != 1 {
            throw ValidationError("CSV holds rows of one kind: give --kind once.")
        }
    }

    func run() async throws {
        let (format, kinds, output) = (wantedFormat, kinds, output)
        try await reporting(output: output) {
            do {
                try await AdministrativeConnection.run(purpose: "export") { connection in
                    try SchemaRequirement.check(on: &connection)
                    try Self.export(kinds, as: format, to: output, on: &connection)
                }
            } catch let error as SeedWriterError {
                throw CommandFailure(.failed, "\(error)")
            } catch let error as DatabaseError {
                if let failure = SchemaRequirement.failure(for: error) { throw failure }
                throw CommandFailure(error.sqlState == nil ? .unavailable : .failed, "exporting: \(error)")
            }
        }
    }

    private static func export(
        _ kinds: [SeedKind],
        as format: SeedFormat,
        to path: String?,
        on connection: inout Connection
    ) throws {
        // It holds personal data.
        var output = try CommandOutput.opened(path, isPrivate: true)
        var writer = SeedWriter(format, kinds: kinds)
        try SeedExporter.export(kinds, timeout: .seconds(600), on: &connection) { kind, values in
            try writer.write(values, of: kind)
            if writer.count >= 64 * 1024 { try output.write(writer.take()) }
        }
        writer.finish()
        try output.write(writer.take())
        try output.finish()
    }
}
