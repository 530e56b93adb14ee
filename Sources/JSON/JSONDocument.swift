package import Text

/// A parsed JSON text: its bytes and a flat list of the positions of its values.
///
/// The reader is strict (RFC 8259, and I-JSON's rules on keys and surrogates, RFC 7493 §2): it rejects every text that
/// two parsers could read differently. Strings and numbers are decoded when they are read.
///
/// ```swift
/// let document = try JSONDocument(parsing: Array(#"{"name":"Alice","roles":["host"]}"#.utf8))
/// let name = document.root["name"]?.string
/// for role in document.root["roles"]?.elements ?? [] { print(role.string ?? "") }
/// ```
package struct JSONDocument: Sendable {
    let storage: Storage

    /// The data that all values of one document share.
    final class Storage: Sendable {
        let bytes: [UInt8]
        let nodes: [JSONNode]

        init(bytes: [UInt8], nodes: [JSONNode]) {
            self.bytes = bytes
            self.nodes = nodes
        }
    }

    /// Parses a whole text.
    ///
    /// - Parameters:
    ///   - text: UTF-8 without a byte order mark.
    ///   - maximumDepth: How many arrays and objects may be nested: 1 permits `[]` and rejects `[[]]`.
    /// - Throws: ``JSONSyntaxError`` for the first fault. A repeated key is detected at the end of its object.
    package init(parsing text: [UInt8], maximumDepth: Int = 32) throws(JSONSyntaxError) {
        var parser = JSONParser(text, maximumDepth: maximumDepth)
        try parser.parse()
        storage = Storage(bytes: text, nodes: parser.nodes)
    }

    /// Parses a copy of a slice; offsets count from its start.
    package init(parsing text: ArraySlice<UInt8>, maximumDepth: Int = 32) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text), maximumDepth: maximumDepth)
    }

    /// Parses a copy of borrowed bytes.
    package init(parsing text: UnsafeBufferPointer<UInt8>, maximumDepth: Int = 32) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text), maximumDepth: maximumDepth)
    }

    /// The top-level value of the text.
    package var root: JSONValue {
        JSONValue(storage: storage, index: 0)
    }

    /// The line and column of the byte at `offset`; see ``TextPosition``.
    package func position(of offset: Int) -> TextPosition {
        TextPosition(of: offset, in: storage.bytes)
    }
}
