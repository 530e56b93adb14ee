/// Characters that act on whoever shows them instead of being shown.
extension Unicode.Scalar {
    /// A control character (general category Cc): what terminals take orders in.
    var isControl: Bool { properties.generalCategory == .control }

    /// One of the characters that change the direction of writing (Unicode UAX #9, 2.1 to 2.4), with which text can
    /// be made to read otherwise than it is stored.
    var turnsDirection: Bool {
        switch value {
        case 0x202A...0x202E, 0x2066...0x2069, 0x061C, 0x200E, 0x200F: true
        default: false
        }
    }
}
