internal import ArgumentParser
internal import FoundationEssentials
internal import Persistence

struct SeedCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "seed",
        abstract: "Make the database hold what seed files say; nothing is deleted.",
        discussion: """
            Example: connvo-server seed sql/seed/demo.json

            All files are one transaction: either every row is as the files say, or nothing has changed. Run again, \
            nothing changes.
            """
    )

    @Argument(help: "JSON files; - is standard input.") var files: [String]

    func run() async throws {
        try await reporting {
            do {
                let rows = try SeedFileReader.read(files.map { (name: $0, bytes: try Self.contents(of: $0)) })
                let summary = try await AdministrativeConnection.run(purpose: "seed") { connection in
                    try Seeder.seed(rows, on: &connection, deadline: .never)
                }
                Self.show(summary)
            } catch let failure as SeedFailure {
                throw Self.commandFailure(failure)
            }
        }
    }

    private static func contents(of file: String) throws -> [UInt8] {
        if file == "-" { return Terminal.readAll() }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw CommandFailure(.failed, "\(file) cannot be read")
        }
        return [UInt8](data)
    }

    private static func show(_ summary: SeedSummary) {
        for (kind, counts) in summary.counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            Terminal.print(
                "\(kind.rawValue): \(counts.inserted) inserted, \(counts.changed) changed, \(counts.unchanged) unchanged"
            )
        }
    }

    private static func commandFailure(_ failure: SeedFailure) -> CommandFailure {
        switch failure {
        case .invalid(let problems):
            CommandFailure(.badData, "\(failure)\n\(problems.count) problems; nothing was seeded")
        case .database(_, let error):
            CommandFailure(error.sqlState == nil ? .unavailable : .failed, "\(failure)")
        }
    }
}
