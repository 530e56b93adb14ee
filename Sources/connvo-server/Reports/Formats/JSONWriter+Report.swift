internal import JSON
internal import Persistence

extension JSONWriter {
    /// Writes a row as an object whose members are in the order of the columns.
    mutating func row(_ names: [String], _ values: [ReportValue]) {
        object { json in
            for (name, value) in zip(names, values) {
                json.key(name)
                json.value(value)
            }
        }
    }

    mutating func value(_ value: ReportValue) {
        switch value {
        case .null: null()
        // JSON has no word for these (RFC 8259, section 6).
        case .decimal(let number) where !number.isFinite: null()
        case .integer(let number): integer(number)
        case .decimal: number(value.plain)
        case .boolean(let isTrue): bool(isTrue)
        case .text, .instant, .day: string(value.plain)
        }
    }
}
