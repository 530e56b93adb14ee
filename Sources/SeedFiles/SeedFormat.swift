/// How rows are written in a file.
package enum SeedFormat: String, CaseIterable, Sendable {
    /// One object of arrays, one array a kind.
    case json
    /// One object a line, which says its kind.
    case ndjson
    /// RFC 4180, one kind a file, the first line names the fields.
    case csv

    /// The format that a file's name ends with: `.json`, `.ndjson` or `.jsonl`, `.csv`.
    package init?(path: String) {
        guard let dot = path.lastIndex(of: "."), !path[dot...].contains("/") else { return nil }
        switch path[dot...].dropFirst().lowercased() {
        case "json": self = .json
        case "ndjson", "jsonl": self = .ndjson
        case "csv": self = .csv
        default: return nil
        }
    }
}
