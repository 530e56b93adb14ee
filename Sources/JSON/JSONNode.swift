/// One value, or one object key, of a parsed JSON text.
///
/// Nodes are in the order of the text: the contents of a container follow it, and in an object each key node is
/// followed by the node of its value.
struct JSONNode {
    /// The offset of the first byte of the value: for a string, its opening quote.
    var start: UInt32
    /// The offset after the last byte of the value.
    var end: UInt32
    /// The index of the first node after this one and its contents.
    var next: UInt32
    /// The number of elements of an array or members of an object; otherwise 0.
    var count: UInt32
    var kind: JSONValue.Kind
    /// For a string: whether it has an escape. For a number: whether it is an integer literal.
    var flag: Bool
}
