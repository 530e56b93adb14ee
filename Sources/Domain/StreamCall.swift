/// A call at GetStream, which its type and its id name together.
package struct StreamCall: Hashable, Sendable {
    /// The form in tokens and records: `<type>:<id>`.
    package let cid: String

    package init(type: String, id: String) {
        var cid = ""
        cid.reserveCapacity(type.utf8.count + 1 + id.utf8.count)
        cid += type
        cid += ":"
        cid += id
        self.cid = cid
    }
}
