/// One step of the schema: a file `NNNN_words.sql`.
package struct Migration: Hashable, Sendable {
    /// The number in the file's name, from 1.
    package let version: Int
    /// The words in the file's name.
    package let name: String
    package let file: String
    package let sql: String
    /// SHA-256, in lowercase hexadecimal, of what ``normalized(_:)`` makes of `sql`. The name does not count.
    package let checksum: String
    /// False for `-- connvo: no-transaction`: the file holds one statement that cannot run in a transaction.
    package let runsInTransaction: Bool
    /// From `-- connvo: oldest-binary NNNN`: the newest migration that a binary must know to go on working
    /// once this one is applied; nil when every older binary may stay.
    package let oldestBinary: Int?
    /// What the file says, behind `-- Lock:`, that it locks and for how long; nil when it does not say.
    package let lock: String?
    /// The index that a file without a transaction builds, if that is what it does.
    let concurrentIndex: ConcurrentIndex?

    /// Reads the name and the directives of a file.
    ///
    /// Directives count only in the comment lines that the file begins with.
    ///
    /// - Throws: ``MigrationFailure/unusableFile(file:problem:)``.
    package init(
        file: String,
        sql: String,
        sha256: ([UInt8]) -> [UInt8]
    ) throws(MigrationFailure) {
        guard let fileName = MigrationName(file: file) else {
            throw .unusableFile(
                file: file,
                problem: "the name must be NNNN_words.sql, counted from 0001, such as 0007_rooms.sql"
            )
        }
        try Self.refuseNUL(in: sql, file: file)
        let header = try MigrationHeader(of: sql, file: file)
        if let oldest = header.oldestBinary, !(1...fileName.version).contains(oldest) {
            throw .unusableFile(file: file, problem: "oldest-binary must be a migration up to this one")
        }
        self.version = fileName.version
        self.name = fileName.words
        self.file = file
        self.sql = sql
        self.checksum = Self.hexadecimal(sha256(Self.normalized(sql)))
        self.runsInTransaction = header.runsInTransaction
        self.oldestBinary = header.oldestBinary
        self.lock = header.lock
        self.concurrentIndex = header.runsInTransaction ? nil : try ConcurrentIndex(of: sql, file: file)
    }

    /// A text goes to the server as a C string, which ends at its first NUL byte.
    static func refuseNUL(in sql: String, file: String) throws(MigrationFailure) {
        if sql.utf8.contains(0) {
            throw .unusableFile(file: file, problem: "it holds a NUL byte, which no SQL text may")
        }
    }

    /// What ``checksum`` covers, as text: kept in the database so that drift can be shown line by line.
    var content: String { String(decoding: Self.normalized(sql), as: UTF8.self) }

    /// What ``StoredState/unfinished`` holds while this migration, without a transaction, is being run.
    var note: String { "\(Self.digits(of: version)) \(checksum)" }

    /// Four digits, as in file names.
    static func digits(of version: Int) -> String {
        let text = String(version)
        return String(repeating: "0", count: max(0, 4 - text.utf8.count)) + text
    }
}

// MARK: - Checksum

extension Migration {
    /// What the checksum covers: the text without a byte order mark, with LF line ends, without white space at
    /// line ends and without empty lines at the end. Editors and Git change these without asking.
    static func normalized(_ sql: String) -> [UInt8] {
        var sql = sql
        return sql.withUTF8 { text in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(text.count)
            var rest = text[...]
            if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                bytes.append(contentsOf: withoutBlankEnd(rest[..<end]))
                bytes.append(UInt8(ascii: "\n"))
                rest = rest[(end + 1)...]
            }
            bytes.append(contentsOf: rest)
            while let last = bytes.last, isBlank(last) || last == UInt8(ascii: "\n") { bytes.removeLast() }
            return bytes
        }
    }

    private static func withoutBlankEnd(
        _ line: Slice<UnsafeBufferPointer<UInt8>>
    ) -> Slice<UnsafeBufferPointer<UInt8>> {
        line.prefix(upTo: line.lastIndex { !isBlank($0) }.map { $0 + 1 } ?? line.startIndex)
    }

    /// Whether a byte separates words within a line.
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: bytes.count * 2) { text in
            for (index, byte) in bytes.enumerated() {
                text[index * 2] = hexadecimalDigit(byte >> 4)
                text[index * 2 + 1] = hexadecimalDigit(byte & 0xF)
            }
            return bytes.count * 2
        }
    }

    private static func hexadecimalDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
