/// The value of a `Content-Type` header (RFC 9110, sections 8.3.1 and 5.6.6).
struct MediaType {
    /// Type and subtype in lower case, such as `application/json`.
    let name: String
    /// The names in lower case, the values as they were sent, without their quotes.
    private(set) var parameters: [(name: String, value: String)] = []

    /// - Returns: Nil when the text is no media type.
    init?(_ text: String) {
        var rest = text.utf8[...]
        rest.skipBlanks()
        let type = rest.takeToken()
        guard !type.isEmpty, rest.take("/") else { return nil }
        let subtype = rest.takeToken()
        guard !subtype.isEmpty else { return nil }
        name = "\(type)/\(subtype)".lowercased()
        while true {
            rest.skipBlanks()
            guard rest.take(";") else { break }
            rest.skipBlanks()
            // A parameter may be left out between two semicolons, and behind the last one.
            guard let next = rest.first, next != UInt8(ascii: ";") else { continue }
            let parameter = rest.takeToken()
            guard !parameter.isEmpty, rest.take("="), let value = rest.takeValue() else { return nil }
            parameters.append((parameter.lowercased(), value))
        }
        guard rest.isEmpty else { return nil }
    }
}

extension Substring.UTF8View {
    /// Optional white space: spaces and tabs.
    fileprivate mutating func skipBlanks() {
        self = drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    fileprivate mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard first == UInt8(ascii: character) else { return false }
        removeFirst()
        return true
    }

    /// A token (RFC 9110, section 5.6.2); empty when there is none.
    fileprivate mutating func takeToken() -> String {
        let token = prefix { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "a")...UInt8(ascii: "z"):
                true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
        self = self[token.endIndex...]
        return String(Substring(token))
    }

    /// A token or a quoted string (RFC 9110, section 5.6.4).
    fileprivate mutating func takeValue() -> String? {
        guard take("\"") else {
            let token = takeToken()
            return token.isEmpty ? nil : token
        }
        var bytes: [UInt8] = []
        while let byte = popFirst() {
            switch byte {
            case UInt8(ascii: "\""):
                return String(decoding: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let escaped = popFirst() else { return nil }
                bytes.append(escaped)
            default:
                bytes.append(byte)
            }
        }
        return nil
    }
}
