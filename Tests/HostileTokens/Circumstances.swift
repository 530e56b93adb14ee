package import JOSE

/// What surrounds a token when it is judged.
package struct Circumstances: Sendable {
    /// Seconds by which the verifier's clock differs from the one the token was made by.
    package var clock: Int64 = 0
    /// What the verifier accepts.
    package var policy = HostileScene.policy
    /// The text of the key set; nil for that of the scene.
    package var keySet: [UInt8]?
    /// Whether the last read of the key set failed.
    package var lastFetchFailed = false

    /// The running server's.
    package init() {}

    package init(_ change: (inout Circumstances) throws -> Void) rethrows {
        try change(&self)
    }
}
