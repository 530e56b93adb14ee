/// A person who signs in through WorkOS. The id is the WorkOS user id in tokens, in the database and at Stream.
package struct User: Hashable, Sendable {
    package typealias ID = Identifier<User>

    package let id: ID
    package let email: String
    /// The name that other participants see; nil when the person has not set one.
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

    /// The display name, or the part of the e-mail address before the `@`, or the id when that part is empty. Never the
    /// whole address, because other participants of a call see this name.
    package var publicName: String {
        if let displayName, !displayName.isEmpty { return displayName }
        let localPart = email.firstIndex(of: "@").map { email[..<$0] } ?? ""
        return localPart.isEmpty ? id.rawValue : String(localPart)
    }
}

extension Identifier<User> {
    /// Accepts what both Stream and this server permit in a user id: 1 to 255 characters of `[A-Za-z0-9_@-]`.
    package init?(validating text: String) {
        guard Self.isValid(text, maximumLength: 255, others: [UInt8(ascii: "@")]) else { return nil }
        self.init(rawValue: text)
    }
}
