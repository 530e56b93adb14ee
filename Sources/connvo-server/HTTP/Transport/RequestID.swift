internal import Domain
internal import Text

/// The id under which a request is answered, logged and recorded.
enum RequestID {
    /// Whether an id that a client sent may be echoed and logged: `[A-Za-z0-9._-]{1,128}`.
    static func isSane(_ id: String) -> Bool {
        (1...128).contains(id.utf8.count)
            && id.utf8.areAll { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// An id for a request without one.
    static func make(at now: Timestamp, using random: inout some RandomNumberGenerator) -> String {
        UUIDv7(at: now, using: &random).description
    }
}
