package import JOSE

/// The conditions under which a token is verified.
package struct Circumstances: Sendable {
    /// Seconds by which the verifier's clock is ahead of the clock that the token was made with.
    package var clock: Int64 = 0
    /// The tokens that the verifier accepts.
    package var policy = HostileFixture.policy
    /// The text of the key set; nil for the key set of the fixture.
    package var keySet: [UInt8]?
    /// Whether the last read of the key set failed.
    package var lastFetchFailed = false

    /// The conditions of the running server.
    package init() {}

    package init(_ change: (inout Circumstances) throws -> Void) rethrows {
        try change(&self)
    }
}
