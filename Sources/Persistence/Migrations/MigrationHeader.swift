/// What the comment lines at the beginning of a migration's file say to the migrator and to the reader of its plan.
struct MigrationHeader {
    /// False for `-- connvo: no-transaction`.
    private(set) var runsInTransaction = true
    /// From `-- connvo: oldest-binary NNNN`.
    private(set) var oldestBinary: Int?
    /// What stands behind `-- Lock:`, its continuation lines joined.
    private(set) var lock: String?

    /// - Throws: ``MigrationFailure/unusableFile(file:problem:)`` for a directive that means nothing.
    init(of sql: String, file: String) throws(MigrationFailure) {
        // By bytes, and no further than it reaches: this is most of what a program with many files has to do at start.
        var rest = sql.utf8[...]
        if rest.starts(with: "\u{FEFF}".utf8) { rest = rest.dropFirst(3) }
        var continuesLock = false
        while rest.starts(with: "--".utf8) {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            let line = rest[..<end]
            rest = rest[end...].dropFirst()
            let words = line.dropFirst(2).split(whereSeparator: Migration.isBlank).map { String(Substring($0)) }
            if words.first == "connvo:" {
                try read(Array(words.dropFirst()), file: file)
                continuesLock = false
            } else if words.first == "Lock:" {
                lock = words.dropFirst().joined(separator: " ")
                continuesLock = true
            } else if continuesLock, line.starts(with: "--  ".utf8), !words.isEmpty, let begun = lock {
                lock = "\(begun) \(words.joined(separator: " "))"
            } else {
                continuesLock = false
            }
        }
    }

    private mutating func read(_ words: [String], file: String) throws(MigrationFailure) {
        switch (words.first, words.count) {
        case ("no-transaction", 1):
            runsInTransaction = false
        case ("oldest-binary", 2):
            guard words[1].wholeMatch(of: /[0-9]{4}/) != nil else {
                throw .unusableFile(file: file, problem: "oldest-binary takes a migration's four digits")
            }
            oldestBinary = Int(words[1])
        default:
            throw .unusableFile(
                file: file,
                problem:
                    "unknown directive \"\(words.joined(separator: " "))\"; known are no-transaction and oldest-binary NNNN"
            )
        }
    }
}
