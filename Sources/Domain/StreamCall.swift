/// A call at GetStream: its type and its id, which form the `cid`.
package struct StreamCall: Hashable, Sendable {
    package let type: String
    package let id: String

    package init(type: String, id: String) {
        self.type = type
        self.id = id
    }

    /// The form in tokens: `<type>:<id>`.
    package var cid: String { "\(type):\(id)" }
}
