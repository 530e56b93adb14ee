/// One value, or one object key, of a parsed JSON text.
///
/// Nodes lie in the order of the text: a container is followed by its content, and in an object each key node
/// is followed by its value.
struct JSONNode {
    /// The offset of the first byte of the value: for a string, its opening quote.
    var start: UInt32
    /// The offset after the last byte of the value.
    var end: UInt32
    /// The index of the node after this one and all it contains.
    var next: UInt32
    /// Elements of an array, members of an object; 0 otherwise.
    var count: UInt32
    var kind: JSONValue.Kind
    /// String: it has an escape. Number: it is an integer literal.
    var flag: Bool
}
