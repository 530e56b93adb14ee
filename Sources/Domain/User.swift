/// Somebody who signs in through WorkOS; the id is the WorkOS user id everywhere.
package struct User: Hashable, Sendable {
    package typealias ID = Identifier<User>

    package let id: ID
    package let email: String
    /// The name other people see; null in the database when the person has not chosen one.
    package let displayName: String?
    package let avatarURL: String?
    package let isActive: Bool

    package init(id: ID, email: String, displayName: String?, avatarURL: String?, isActive: Bool) {
        self.id = id
        self.email = email
        self.displayName = displayName
        self.avatarURL = avatarURL
        self.isActive = isActive
    }

    /// The display name, or the part of the e-mail before the `@`: never the whole address, which
    /// other participants of a call would see. The id, when the address has no such part.
    package var publicName: String {
        if let displayName, !displayName.isEmpty { return displayName }
        let localPart = email.firstIndex(of: "@").map { email[..<$0] } ?? ""
        return localPart.isEmpty ? id.rawValue : String(localPart)
    }
}

extension Identifier<User> {
    /// Accepts 1 to 255 of `[A-Za-z0-9_@-]`, the characters that Stream allows in a user id.
    package init?(validating text: String) {
        guard Self.isValid(text, maximumLength: 255, others: [UInt8(ascii: "@")]) else { return nil }
        self.init(rawValue: text)
    }
}
