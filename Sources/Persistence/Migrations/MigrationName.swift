/// The number and the words of a migration: what its file is named after.
package struct MigrationName: Hashable, Sendable {
    /// From 1.
    package let version: Int
    package let words: String

    package init(version: Int, words: String) {
        self.version = version
        self.words = words
    }

    /// Takes `NNNN_words.sql` apart; nil for a file of another name. By hand: a regular expression is compiled anew for
    /// every file.
    package init?(file: String) {
        let words = file.utf8.dropFirst(5).dropLast(4)
        guard file.utf8.count > 9, file.utf8.dropFirst(4).first == UInt8(ascii: "_"), file.hasSuffix(".sql"),
            file.utf8.prefix(4).allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let version = Int(String(decoding: file.utf8.prefix(4), as: UTF8.self)), version > 0,
            words.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false).allSatisfy({ word in
                !word.isEmpty
                    && word.allSatisfy {
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    }
            })
        else { return nil }
        self.init(version: version, words: String(decoding: words, as: UTF8.self))
    }
}

extension MigrationName: CustomStringConvertible {
    /// The number with four digits, as in the name of the file.
    package var digits: String { Migration.digits(of: version) }

    /// `NNNN_words`.
    package var description: String { "\(digits)_\(words)" }
}

extension [MigrationName] {
    /// The migrations that the build put into this binary, in their order.
    ///
    /// ``MigrationCatalogue/embedded(sha256:)`` has their texts and checksums, which take milliseconds; what only asks
    /// whether a database has them needs neither.
    package static var embedded: [MigrationName] {
        EmbeddedSQL.migrations.compactMap { MigrationName(file: $0.file) }.sorted { $0.version < $1.version }
    }
}
