/// A call at GetStream: its type and its id, which together make the `cid`.
package struct StreamCall: Hashable, Sendable {
    package let type: String
    package let id: String

    package init(type: String, id: String) {
        self.type = type
        self.id = id
    }

    /// The form that tokens carry: `<type>:<id>`.
    package var cid: String { "\(type):\(id)" }
}
