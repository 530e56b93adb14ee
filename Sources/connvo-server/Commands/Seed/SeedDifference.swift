internal import Domain
internal import JSON
internal import Persistence
internal import SeedFiles

/// Writes what seeding would do to a row as one line: `+` for a new row, `~` for one that changes, `-` for one to remove.
///
/// Personal values show as `***` unless asked for: it is still seen that they change.
struct SeedDifference {
    let showsValues: Bool

    func line(_ change: SeedChange) -> String {
        let key = change.hasLastingKey ? change.kind.keyText(of: change.values) : "(new id)"
        let head = "\(Self.sign(of: change.verb)) \(change.kind.rawValue) \(key)"
        let fields: [String] = change.kind.columns.indices.compactMap { index in
            let column = change.kind.columns[index]
            guard !change.kind.key.contains(column.name) else { return nil }
            let value = change.values[index]
            switch change.verb {
            case .insert:
                return value == .null ? nil : "\(column.name) \(text(value, of: column))"
            case .change:
                let former = change.formerValues[index]
                guard former != value else { return nil }
                return "\(column.name) \(text(former, of: column)) → \(text(value, of: column))"
            case .remove:
                return nil
            }
        }
        return fields.isEmpty ? head : "\(head): \(fields.joined(separator: ", "))"
    }

    /// One object, with every member; `fields` has the columns that the text form shows.
    ///
    /// A personal value that is not shown is `***`, as in the text form, and `hidden` says so.
    func json(_ change: SeedChange) -> String {
        var json = JSONWriter()
        json.object { json in
            json.member("verb", Self.name(of: change.verb))
            json.member("kind", change.kind.rawValue)
            json.key("key")
            if change.hasLastingKey {
                json.object { json in
                    for (index, column) in change.kind.columns.enumerated() where change.kind.key.contains(column.name)
                    {
                        json.key(column.name)
                        Self.write(change.values[index], to: &json)
                    }
                }
            } else {
                json.null()
            }
            json.object("fields") { json in
                for (index, column) in change.kind.columns.enumerated() where !change.kind.key.contains(column.name) {
                    write(change, index, column, to: &json)
                }
            }
        }
        return json.text
    }

    private func write(_ change: SeedChange, _ index: Int, _ column: SeedColumn, to json: inout JSONWriter) {
        let value = change.values[index]
        let former = change.verb == .change ? change.formerValues[index] : .null
        guard change.verb != .remove, value != former else { return }
        let hides = column.isPersonal && !showsValues
        json.key(column.name)
        json.object { json in
            json.key("from")
            Self.write(hides ? former.hidden : former, to: &json)
            json.key("to")
            Self.write(hides ? value.hidden : value, to: &json)
            json.member("hidden", hides)
        }
    }

    private static func write(_ value: SeedValue, to json: inout JSONWriter) {
        switch value {
        case .absent, .null: json.null()
        case .boolean(let isTrue): json.bool(isTrue)
        case .integer(let number): json.integer(Int64(number))
        case .timestamp(let instant):
            json.string(Self.text(instant))
        case .text(let text): json.string(text)
        }
    }

    private static func name(of verb: SeedChange.Verb) -> String {
        switch verb {
        case .insert: "insert"
        case .change: "change"
        case .remove: "remove"
        }
    }

    private static func sign(of verb: SeedChange.Verb) -> String {
        switch verb {
        case .insert: "+"
        case .change: "~"
        case .remove: "-"
        }
    }

    private func text(_ value: SeedValue, of column: SeedColumn) -> String {
        switch value {
        case .absent, .null: return "null"
        case .boolean(let isTrue): return isTrue ? "true" : "false"
        case .integer(let number): return String(number)
        case .timestamp(let instant):
            return Self.text(instant)
        case .text(let text):
            guard showsValues || !column.isPersonal else { return "***" }
            var quoted: [UInt8] = []
            JSONWriter.append(string: text, to: &quoted)
            return String(decoding: quoted, as: UTF8.self)
        }
    }

    private static func text(_ instant: Timestamp) -> String {
        instant.isReadableFromRFC3339
            ? instant.rfc3339(fraction: .whereNeeded) : "a time outside the years 1 to 9999"
    }
}

extension SeedValue {
    /// A text that must not be shown.
    fileprivate var hidden: SeedValue {
        if case .text = self { .text("***") } else { self }
    }
}
