/// A statement that would begin, end or divide the transaction in which the migrator runs a file.
enum TransactionControl {
    private static let keywords: Set<String> = [
        "BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE",
    ]

    /// Looks for one in a file, before any of the file is run.
    ///
    /// - Throws: ``MigrationFailure/unusableFile(file:problem:)``, with the place of the first.
    static func refuse(in sql: String, file: String) throws(MigrationFailure) {
        let found = StatementScanner.statements(of: sql).first { statement in
            guard let word = statement.words.first else { return false }
            return keywords.contains(word) || statement.words == ["PREPARE", "TRANSACTION"]
        }
        guard let found else { return }
        let before = sql.utf8.prefix(found.offset)
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        throw .unusableFile(
            file: file,
            problem: """
                line \(line) holds \(found.words.first ?? ""), and the migrator begins and ends the transaction of a \
                file itself
                """
        )
    }
}
