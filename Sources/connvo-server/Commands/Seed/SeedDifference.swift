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
            return instant.isReadableFromRFC3339
                ? instant.rfc3339(fraction: .whereNeeded) : "a time outside the years 1 to 9999"
        case .text(let text):
            guard showsValues || !column.isPersonal else { return "***" }
            var quoted: [UInt8] = []
            JSONWriter.append(string: text, to: &quoted)
            return String(decoding: quoted, as: UTF8.self)
        }
    }
}
