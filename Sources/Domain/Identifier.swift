/// The id of an `Entity`, as clients and the database write it.
///
/// The type parameter prevents passing a meeting's id where a user's is expected. `init(rawValue:)` does not check the
/// text; `init(validating:)` of each entity's id says which texts are valid in a request.
///
/// ```swift
/// guard let meetingID = Meeting.ID(validating: text) else { return nil }
/// ```
package struct Identifier<Entity>: RawRepresentable, Hashable, Sendable {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }
}

extension Identifier: CustomStringConvertible {
    package var description: String { rawValue }
}

extension Identifier {
    /// Whether `text` has 1 to `maximumLength` ASCII letters, digits, `_`, `-` and bytes of `others`.
    static func isValid(_ text: String, maximumLength: Int, others: [UInt8] = []) -> Bool {
        let bytes = text.utf8
        guard (1...maximumLength).contains(bytes.count) else { return false }
        func isAllowed(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default:
                others.contains(byte)
            }
        }
        // Where the bytes lie together, as nearly always, this takes a tenth of the time.
        return bytes.withContiguousStorageIfAvailable { $0.allSatisfy(isAllowed) } ?? bytes.allSatisfy(isAllowed)
    }
}
