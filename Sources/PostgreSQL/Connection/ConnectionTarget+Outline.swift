internal import CLibPQ

extension ConnectionTarget {
    /// What the connection text says of server, database and login, for people: `host db.example.com, database connvo`.
    /// Empty where it says nothing.
    ///
    /// Only these keywords are shown, never `password`, and of them no value that could be a piece of another text: such
    /// a value is shown as `...`.
    package var outline: String {
        guard !conninfo.isEmpty else { return "" }
        let values = Self.values(PQconninfoParse(conninfo, nil))
        var parts = Self.shownKeywords.compactMap { keyword, label in
            values[keyword].map { "\(label) \(Self.isPlain($0) ? $0 : "...")" }
        }
        if values["password"] != nil { parts.append("with a password") }
        return parts.joined(separator: ", ")
    }

    private static let shownKeywords = [
        ("service", "service"), ("host", "host"), ("hostaddr", "address"), ("port", "port"), ("dbname", "database"),
        ("user", "login"), ("sslmode", "sslmode"),
    ]

    /// Whether a value has only what names, paths, addresses and numbers are made of: no `@`, `=` or `://`.
    private static func isPlain(_ value: String) -> Bool {
        guard !value.contains("://") else { return false }
        return value.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "A")...UInt8(ascii: "Z"):
                true
            default: "._-/,:$".utf8.contains(byte)
            }
        }
    }
}
