internal import JSON
package import Persistence
internal import Text

/// Reads seed files, piece by piece, into one batch.
package struct SeedFileReader {
    /// What the files hold, and what is wrong with them.
    package struct Result: Sendable {
        package let batch: SeedBatch
        package let problems: SeedProblems
    }

    /// Arrays and objects inside each other that a row may have; rows need one.
    private static let maximumDepth = 32

    private var rows: SeedRowReader

    /// Reads all of `sources`, in order.
    ///
    /// - Parameters:
    ///   - kind: Of the rows in CSV, and of lines in NDJSON that do not say theirs. CSV without one says it by the name
    ///     of its file: `users.csv`.
    ///   - problemLimit: How many problems are kept, and how many the database is asked for later; nil is all.
    ///   - onBytes: Told how many more bytes have been read.
    /// - Throws: ``SeedFileError`` when a file cannot be read to its end.
    package static func read(
        _ sources: [SeedSource],
        kind: SeedKind? = nil,
        problemLimit: Int? = nil,
        onBytes: (Int) -> Void = { _ in }
    ) throws(SeedFileError) -> Result {
        var reader = SeedFileReader(rows: SeedRowReader(problemLimit: problemLimit))
        for source in sources {
            reader.rows.file = source.name
            switch source.format {
            case .json: try reader.readJSON(source, onBytes)
            case .ndjson: try reader.readLines(source, of: kind, onBytes)
            case .csv:
                guard let kind = kind ?? Self.kind(ofFile: source.name) else {
                    throw SeedFileError(
                        "\(source.name): of which kind are its rows? Give --kind, or name the file after it: users.csv"
                    )
                }
                try reader.readCSV(source, of: kind, onBytes)
            }
        }
        return Result(batch: reader.rows.batch, problems: reader.rows.problems)
    }

    /// `users` for `some/where/users.csv`.
    package static func kind(ofFile path: String) -> SeedKind? {
        let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
        return SeedKind(rawValue: String(name.prefix { $0 != "." }))
    }
}

// MARK: - JSON

extension SeedFileReader {
    private mutating func readJSON(_ source: SeedSource, _ onBytes: (Int) -> Void) throws(SeedFileError) {
        var scanner = JSONRowScanner()
        var seen: Set<String> = []
        var kind: SeedKind?
        var isStopped = false
        func take(_ event: JSONRowScanner.Event) {
            guard !isStopped else { return }
            switch event {
            case .kind(let text, let place):
                guard let name = document(text, from: place)?.root.string else {
                    isStopped = true
                    return
                }
                kind = SeedKind(rawValue: name)
                if !seen.insert(name).inserted {
                    rows.report(at: place, "duplicate key \"\(name.safe(for: .message))\"")
                } else if let kind {
                    rows.name(kind)
                } else {
                    let shown = name.safe(for: .message)
                    rows.report(at: place, "unknown kind \"\(shown)\"; known are \(SeedRowReader.kindNames)")
                }
            case .element(let text, let place):
                // Elements of an unknown kind are only looked at for their syntax.
                guard let document = document(text, from: place) else {
                    isStopped = true
                    return
                }
                if let kind { rows.read(document.root, of: kind, in: text, from: place) }
            case .noArray(let found, let place):
                guard let kind else { return }
                rows.report(at: place, field: kind.rawValue, "expected an array, found \(found.article)")
                rows.markIncomplete([kind])
            case .fault(let fault):
                rows.report(at: fault.place, fault.message)
                rows.markIncomplete(SeedKind.allCases)
            }
        }
        while !isStopped, !scanner.isStopped, let piece = try source.next() {
            scanner.scan(piece, take)
            onBytes(piece.count)
        }
        if !isStopped { scanner.finish(take) }
    }

    /// Parses a piece of a file; reports what is wrong with it and returns nil. Behind it nothing can be trusted.
    private mutating func document(_ text: [UInt8], from place: TextPosition) -> JSONDocument? {
        do {
            return try JSONDocument(parsing: text, maximumDepth: Self.maximumDepth)
        } catch {
            var cursor = TextCursor(text, from: place)
            rows.report(at: cursor.position(of: error.offset), error.summary)
            rows.markIncomplete(SeedKind.allCases)
            return nil
        }
    }
}

// MARK: - NDJSON

extension SeedFileReader {
    private mutating func readLines(
        _ source: SeedSource,
        of kind: SeedKind?,
        _ onBytes: (Int) -> Void
    ) throws(SeedFileError) {
        var scanner = LineScanner()
        while let piece = try source.next() {
            scanner.scan(piece) { readLine($0, of: kind) }
            onBytes(piece.count)
        }
        scanner.finish { readLine($0, of: kind) }
    }

    private mutating func readLine(_ line: LineScanner.Line, of kind: SeedKind?) {
        if line.isTooLong {
            rows.report(at: line.place, "a line of more than 1 MiB")
            return rows.markIncomplete(kind.map { [$0] } ?? SeedKind.allCases)
        }
        guard line.text.contains(where: { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }) else { return }
        do {
            let document = try JSONDocument(parsing: line.text, maximumDepth: Self.maximumDepth)
            rows.readLine(document.root, of: kind, in: line.text, from: line.place)
        } catch {
            var cursor = TextCursor(line.text, from: line.place)
            rows.report(at: cursor.position(of: error.offset), error.summary)
            rows.markIncomplete(kind.map { [$0] } ?? SeedKind.allCases)
        }
    }
}

// MARK: - CSV

extension SeedFileReader {
    private mutating func readCSV(
        _ source: SeedSource,
        of kind: SeedKind,
        _ onBytes: (Int) -> Void
    ) throws(SeedFileError) {
        var scanner = CSVScanner()
        var header: SeedRowReader.Header?
        func take(_ record: CSVScanner.Record) {
            if let header {
                rows.read(record, under: header)
            } else {
                header = rows.readHeader(record, of: kind)
            }
        }
        while let piece = try source.next() {
            scanner.scan(piece, take)
            onBytes(piece.count)
        }
        scanner.finish(take)
        if header == nil {
            rows.report(at: .start, "empty input; the first line must name the fields")
        }
        if scanner.isIncomplete || header == nil { rows.markIncomplete([kind]) }
    }
}
