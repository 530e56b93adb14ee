import Foundation
import Testing

/// What `explain --json` prints.
struct ExplainedJSON {
    let object: [String: Any]

    init(_ text: String) throws {
        object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    var decision: [String: Any] { object["decision"] as? [String: Any] ?? [:] }
    /// Nil where no request id was given.
    var record: [String: Any]? { object["record"] as? [String: Any] }
    var rules: [[String: Any]] { object["rules"] as? [[String: Any]] ?? [] }
    var quota: [String: Any] { object["quota"] as? [String: Any] ?? [:] }
    var settings: [[String: Any]] { object["settings"] as? [[String: Any]] ?? [] }

    var outcome: String? { decision["outcome"] as? String }
    var reason: String? { decision["reason"] as? String }
    /// The id of the user.
    var user: String? { (object["request"] as? [String: Any])?["user_id"] as? String }

    /// The names of all members, also of those inside others: `decision.code`, `rules[].row`.
    var members: Set<String> {
        func names(_ value: Any, _ prefix: String) -> Set<String> {
            if let object = value as? [String: Any] {
                return object.reduce(into: []) { found, member in
                    let name = prefix.isEmpty ? member.key : "\(prefix).\(member.key)"
                    found.formUnion([name])
                    found.formUnion(names(member.value, name))
                }
            }
            let elements = value as? [Any] ?? []
            return elements.reduce(into: []) { $0.formUnion(names($1, prefix + "[]")) }
        }
        return names(object, "")
    }
}
