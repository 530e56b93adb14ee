internal import Domain
internal import JOSE
internal import Persistence

extension SeedColumn {
    /// A JSON value as the column takes it, or what is wrong with it.
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
            guard let integer = json.integer.flatMap({ Int32(exactly: $0) }) else {
                return .problem("expected an integer from \(Int32.min) to \(Int32.max)")
            }
            return .value(.integer(integer))
        case .text, .longID, .shortID, .oneOf, .uuid, .timestamp:
            return json.string.map(value(ofText:)) ?? wrongType(json, expected: "a string")
        }
    }

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
            text.wholeMatch(of: /[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}/) != nil
                ? .value(.text(text.lowercased())) : .problem("expected a UUID")
        case .timestamp:
            Timestamp(rfc3339: text).map { .value(.timestamp($0)) }
                ?? .problem("expected a time as in RFC 3339, with its zone, such as 2026-01-05T09:00:00Z")
        case .text, .boolean, .integer:
            text.utf8.contains(0) ? .problem("may not contain U+0000") : .value(.text(text))
        }
    }
}

extension JSONValue.Kind {
    /// For messages: "a number".
    var article: String {
        switch self {
        case .null: "null"
        case .bool: "true or false"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}
