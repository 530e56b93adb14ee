extension UInt8 {
    /// Whether this byte is one of `0`…`9`.
    @inlinable package var isDigit: Bool {
        UInt8(ascii: "0") <= self && self <= UInt8(ascii: "9")
    }

    /// The value of a hexadecimal digit, upper or lower case, or `nil` for any other byte.
    @inlinable package var hexadecimalValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    /// Whether this byte is in `[A-Za-z0-9_-]`, the characters of a call type, a call id and a role.
    @inlinable package var isIdentifierCharacter: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }

    /// Whether this byte is in `[A-Za-z0-9_@-]`, the characters of a user id.
    @inlinable package var isUserIDCharacter: Bool {
        isIdentifierCharacter || self == UInt8(ascii: "@")
    }
}
