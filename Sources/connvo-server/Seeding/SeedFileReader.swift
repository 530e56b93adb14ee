internal import JOSE
internal import Persistence

/// Reads seed files: one JSON object of arrays each (interfaces.md, "Seed files").
enum SeedFileReader {
    /// Arrays and objects inside each other that a file may have; seed files need three.
    private static let maximumDepth = 32

    /// Reads all files and looks for rows that are named twice in them.
    ///
    /// - Parameter files: Names as errors shall show them, and contents.
    /// - Returns: The rows, in the order of the files.
    /// - Throws: ``SeedFailure/invalid(_:)`` with everything that is wrong in all files.
    static func read(_ files: [(name: String, bytes: [UInt8])]) throws(SeedFailure) -> [SeedRow] {
        var rows: [SeedRow] = []
        var problems: [SeedProblem] = []
        for (name, bytes) in files {
            do {
                let document = try JSONDocument(parsing: bytes, maximumDepth: maximumDepth)
                var file = SeedFile(name: name, bytes: bytes)
                file.read(document.root)
                rows += file.rows
                problems += file.problems
            } catch {
                let place = TextPosition(of: error.offset, in: bytes)
                let position = SeedPosition(file: name, line: place.line, column: place.column)
                problems.append(SeedProblem(at: position, error.summary))
            }
        }
        problems += SeedDuplicates.problems(in: rows)
        guard problems.isEmpty else { throw .invalid(problems.sorted()) }
        return rows
    }
}
