/// How the public listener treats a request before it is decided: which pages may read responses, which client an
/// address is, and how many invalid tokens it may send. A reload replaces them together.
final class AccessRules: Sendable {
    /// Nil when no page of another origin may read responses.
    let crossOrigin: CrossOriginPolicy?
    let trustedProxies: TrustedProxies
    /// Nil when no address is slowed.
    let throttle: RefusedTokenThrottle?
    private let invalidTokensPerSecond: Int

    init(
        crossOrigin: CrossOriginPolicy? = nil,
        trustedProxies: TrustedProxies = .none,
        throttle: RefusedTokenThrottle? = nil
    ) {
        self.crossOrigin = crossOrigin
        self.trustedProxies = trustedProxies
        self.throttle = throttle
        invalidTokensPerSecond = 0
    }

    /// - Parameter former: The rules before. What their throttle has counted goes on counting, unless the limit changes.
    init(_ configuration: ServerConfiguration, replacing former: AccessRules? = nil) {
        crossOrigin = configuration.crossOrigin
        trustedProxies = configuration.trustedProxies
        invalidTokensPerSecond = configuration.invalidTokensPerSecond
        if let former, former.invalidTokensPerSecond == configuration.invalidTokensPerSecond {
            throttle = former.throttle
        } else {
            throttle =
                invalidTokensPerSecond > 0 ? RefusedTokenThrottle(perSecond: invalidTokensPerSecond) : nil
        }
    }
}
