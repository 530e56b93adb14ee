internal import Text

/// A value in a ``JSONDocument``: a reference to its node. Strings and numbers are decoded at each access.
package struct JSONValue: Sendable {
    /// The kinds of values of RFC 8259 §3, with `true` and `false` as one kind.
    package enum Kind: UInt8, Sendable {
        case null, bool, number, string, array, object
    }

    let storage: JSONDocument.Storage
    let index: Int

    private var node: JSONNode { storage.nodes[index] }

    private var literal: ArraySlice<UInt8> { storage.bytes[Int(node.start)..<Int(node.end)] }

    package var kind: Kind { node.kind }

    /// The offset of the first byte of the value in the text: for a string, of its opening quote.
    package var offset: Int { Int(node.start) }

    package var isNull: Bool { kind == .null }

    /// The value of `true` or `false`; `nil` for any other kind.
    package var bool: Bool? {
        kind == .bool ? storage.bytes[offset] == UInt8(ascii: "t") : nil
    }

    /// The value of an integer literal (no dot, no exponent) in the range of `Int64`, or `nil`. `-0` is 0.
    package var integer: Int64? {
        kind == .number && node.flag ? JSONNumber.integer(literal) : nil
    }

    /// The nearest double of any number; `nil` for any other kind. Always finite.
    package var double: Double? {
        kind == .number ? JSONNumber.double(literal) : nil
    }

    /// The unescaped string; `nil` for any other kind. It contains U+0000 where the text has `\u0000`.
    package var string: String? {
        guard kind == .string else { return nil }
        return node.flag
            ? String(decoding: JSONString.unescaped(node, in: storage.bytes), as: UTF8.self)
            : String(decoding: storage.bytes[JSONString.content(of: node)], as: UTF8.self)
    }

    /// The unescaped string as UTF-8; `nil` for any other kind.
    package var stringBytes: ArraySlice<UInt8>? {
        guard kind == .string else { return nil }
        return node.flag
            ? JSONString.unescaped(node, in: storage.bytes)[...]
            : storage.bytes[JSONString.content(of: node)]
    }

    /// Whether this is a string with exactly these bytes after unescaping.
    package func isString(equalTo text: StaticString) -> Bool {
        text.withUTF8Buffer { isString(equalTo: $0) }
    }

    /// Whether this is a string with exactly these bytes after unescaping.
    package func isString(equalTo text: [UInt8]) -> Bool {
        text.withUnsafeBufferPointer { isString(equalTo: $0) }
    }

    private func isString(equalTo text: UnsafeBufferPointer<UInt8>) -> Bool {
        kind == .string && hasContent(node, equalTo: text)
    }

    private func hasContent(_ node: JSONNode, equalTo text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !node.flag else { return JSONString.unescaped(node, in: storage.bytes).elementsEqual(text) }
        let content = JSONString.content(of: node)
        guard content.count == text.count else { return false }
        return storage.bytes.withUnsafeBufferPointer {
            UnsafeBufferPointer(rebasing: $0[content]).hasSameBytes(as: text)
        }
    }

    /// The number of elements of an array or members of an object; 0 for any other kind.
    package var count: Int { Int(node.count) }

    /// The member with this key; `nil` when there is none or the value is not an object.
    package subscript(_ key: String) -> JSONValue? {
        guard kind == .object else { return nil }
        var key = key
        return key.withUTF8 { key in
            storage.nodes.withUnsafeBufferPointer { nodes in
                var member = index + 1
                for _ in 0..<nodes[index].count {
                    if hasContent(nodes[member], equalTo: key) {
                        return JSONValue(storage: storage, index: member + 1)
                    }
                    member = Int(nodes[member + 1].next)
                }
                return nil
            }
        }
    }

    /// The elements of an array, in order; empty for any other kind.
    package var elements: Elements {
        Elements(storage: storage, position: index + 1, remaining: kind == .array ? count : 0)
    }

    /// The members of an object, in order; empty for any other kind.
    package var members: Members {
        Members(storage: storage, position: index + 1, remaining: kind == .object ? count : 0)
    }

    /// The elements of an array, found one after the other during iteration.
    package struct Elements: Sequence, IteratorProtocol {
        let storage: JSONDocument.Storage
        var position: Int
        var remaining: Int

        package var underestimatedCount: Int { remaining }

        package mutating func next() -> JSONValue? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            defer { position = Int(storage.nodes[position].next) }
            return JSONValue(storage: storage, index: position)
        }
    }

    /// The members of an object: the unescaped key, the offset of its opening quote, and the value.
    package struct Members: Sequence, IteratorProtocol {
        let storage: JSONDocument.Storage
        var position: Int
        var remaining: Int

        package var underestimatedCount: Int { remaining }

        package mutating func next() -> (key: String, keyOffset: Int, value: JSONValue)? {
            guard remaining > 0 else { return nil }
            remaining -= 1
            defer { position = Int(storage.nodes[position + 1].next) }
            let key = JSONValue(storage: storage, index: position)
            return (key.string ?? "", key.offset, JSONValue(storage: storage, index: position + 1))
        }
    }
}
