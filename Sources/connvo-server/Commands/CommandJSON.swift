internal import FoundationEssentials

/// How `migrate` and `maintain` write JSON: one document, keys in alphabetical order, so that two runs can be compared.
enum CommandJSON {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
