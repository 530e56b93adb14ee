package import Text

/// A parsed JSON text: its bytes, and a flat list of what is where in them.
///
/// The reader is strict (RFC 8259, and I-JSON's rules on keys and surrogates, RFC 7493 §2): what two parsers
/// could understand differently is refused. Values are decoded when asked for.
package struct JSONDocument: Sendable {
    let storage: Storage

    /// What all values of one document share.
    final class Storage: Sendable {
        let bytes: [UInt8]
        let nodes: [JSONNode]

        init(bytes: [UInt8], nodes: [JSONNode]) {
            self.bytes = bytes
            self.nodes = nodes
        }
    }

    /// Reads a whole text.
    ///
    /// - Parameters:
    ///   - text: UTF-8 without a byte order mark.
    ///   - maximumDepth: How many arrays and objects may lie inside each other: with 1, `[]` is fine and `[[]]`
    ///     is not.
    /// - Throws: ``JSONSyntaxError`` for the first fault. A repeated key is found when its object ends.
    package init(parsing text: [UInt8], maximumDepth: Int = 32) throws(JSONSyntaxError) {
        var parser = JSONParser(text, maximumDepth: maximumDepth)
        try parser.parse()
        storage = Storage(bytes: text, nodes: parser.nodes)
    }

    /// Reads a slice, copied once; offsets count from its start.
    package init(parsing text: ArraySlice<UInt8>, maximumDepth: Int = 32) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text), maximumDepth: maximumDepth)
    }

    /// Reads borrowed bytes, copied once.
    package init(parsing text: UnsafeBufferPointer<UInt8>, maximumDepth: Int = 32) throws(JSONSyntaxError) {
        try self.init(parsing: Array(text), maximumDepth: maximumDepth)
    }

    /// The one value of the text.
    package var root: JSONValue {
        JSONValue(storage: storage, index: 0)
    }

    /// Line and column of a byte of the text; see ``TextPosition``.
    package func position(of offset: Int) -> TextPosition {
        TextPosition(of: offset, in: storage.bytes)
    }
}
