import Domain
import Testing

@Suite struct UserTests {
    static let names: [(String?, String, String)] = [
        ("Alice Johnson", "alice@example.com", "Alice Johnson"),
        ("李小龍", "bruce@example.com", "李小龍"),
        (" ", "alice@example.com", " "),
        ("", "alice@example.com", "alice"),
        (nil, "alice@example.com", "alice"),
        (nil, "alice.b+calls@mail.example.com", "alice.b+calls"),
        (nil, "\"odd@name\"@example.com", "\"odd"),
        (nil, "an account without an address", "user_1"),
        (nil, "@example.com", "user_1"),
    ]

    @Test(arguments: names)
    func `the public name is the display name, else the part before the at sign, else the id`(
        displayName: String?,
        email: String,
        publicName: String
    ) {
        let user = User(
            id: .init(rawValue: "user_1"),
            email: email,
            displayName: displayName,
            avatarURL: nil,
            isActive: true
        )

        #expect(user.publicName == publicName)
    }

    @Test func `the public name is never the whole address`() {
        for character in (UInt8.min...UInt8.max).map({ Character(Unicode.Scalar($0)) }) {
            let user = User(
                id: .init(rawValue: "user_1"),
                email: "\(character)@example.com",
                displayName: nil,
                avatarURL: nil,
                isActive: true
            )
            #expect(!user.publicName.contains("@"))
            #expect(!user.publicName.contains("example.com"))
        }
    }
}
