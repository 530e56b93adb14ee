/// The labels of one series, in the order of their names.
///
/// Kept as the text that a sample has between its braces, so that a scrape only copies it.
struct LabelSet: Hashable, Comparable, Sendable {
    /// `name="value",name="value"`, escaped; empty without labels.
    let text: String

    init(_ labels: [(name: String, value: String)]) {
        text = labels.sorted { $0.name < $1.name }
            .map { "\(Self.sane($0.name))=\"\(Self.escaped($0.value))\"" }
            .joined(separator: ",")
    }

    static func < (one: LabelSet, other: LabelSet) -> Bool { one.text < other.text }

    /// A name with `_` for every byte that the format does not allow: `[a-zA-Z_][a-zA-Z0-9_]*`.
    static func sane(_ name: String) -> String {
        var bytes = name.utf8.map { byte -> UInt8 in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                byte
            default: UInt8(ascii: "_")
            }
        }
        if bytes.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) ?? true {
            bytes.insert(UInt8(ascii: "_"), at: 0)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func escaped(_ value: String) -> String {
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
