internal import Domain
internal import JSON
internal import Persistence
internal import Text

extension SeedColumn {
    /// A value of a file as the column takes it, or what is wrong with it.
    enum Reading: Equatable {
        case value(SeedValue)
        case problem(String)
    }

    func value(of json: JSONValue) -> Reading {
        if json.isNull {
            return presence == .nullable ? .value(.null) : .problem("may not be null")
        }
        switch type {
        case .boolean:
            return json.bool.map { .value(.boolean($0)) } ?? wrongType(json, expected: "true or false")
        case .integer:
            guard json.kind == .number else { return wrongType(json, expected: "an integer") }
            return json.integer.flatMap { Int32(exactly: $0) }.map { .value(.integer($0)) } ?? Self.noInteger
        case .text, .longID, .shortID, .oneOf, .uuid, .timestamp:
            return json.string.map(value(ofText:)) ?? wrongType(json, expected: "a string")
        }
    }

    /// A field of CSV. Where nothing stands, not even quotes, the value is null if it may be, and left out otherwise.
    func value(ofField text: String, isQuoted: Bool) -> Reading {
        if text.isEmpty, !isQuoted {
            return .value(presence == .nullable ? .null : .absent)
        }
        switch type {
        case .boolean:
            // Spreadsheets write TRUE and FALSE.
            switch text.lowercased() {
            case "true": return .value(.boolean(true))
            case "false": return .value(.boolean(false))
            default: return .problem("expected true or false")
            }
        case .integer:
            let isPlain = text.utf8.first != UInt8(ascii: "+")
            return isPlain ? Int32(text).map { .value(.integer($0)) } ?? Self.noInteger : Self.noInteger
        case .text, .longID, .shortID, .oneOf, .uuid, .timestamp:
            return value(ofText: text)
        }
    }

    private static let noInteger = Reading.problem("expected an integer from \(Int32.min) to \(Int32.max)")

    private func wrongType(_ json: JSONValue, expected: String) -> Reading {
        .problem("expected \(expected), found \(json.kind.article)")
    }

    private func value(ofText text: String) -> Reading {
        switch type {
        case .longID:
            User.ID(validating: text) != nil
                ? .value(.text(text)) : .problem("expected 1 to 255 of the characters A-Z a-z 0-9 _ @ -")
        case .shortID:
            Meeting.ID(validating: text) != nil
                ? .value(.text(text)) : .problem("expected 1 to 64 of the characters A-Z a-z 0-9 _ -")
        case .oneOf(let known):
            known.contains(text)
                ? .value(.text(text)) : .problem("unknown value; known are \(known.joined(separator: ", "))")
        case .uuid:
            Self.isUUID(text) ? .value(.text(text.lowercased())) : .problem("expected a UUID")
        case .timestamp:
            Timestamp(rfc3339: text).map { .value(.timestamp($0)) }
                ?? .problem("expected a time as in RFC 3339, with its zone, such as 2026-01-05T09:00:00Z")
        case .text, .boolean, .integer:
            text.utf8.contains(0) ? .problem("may not contain U+0000") : .value(.text(text))
        }
    }

    /// 8-4-4-4-12 hexadecimal digits.
    private static func isUUID(_ text: String) -> Bool {
        guard text.utf8.count == 36 else { return false }
        return text.utf8.enumerated().allSatisfy { index, byte in
            switch index {
            case 8, 13, 18, 23: byte == UInt8(ascii: "-")
            default: byte.hexadecimalValue != nil
            }
        }
    }
}
