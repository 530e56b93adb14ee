internal import Domain
internal import JOSE
internal import Persistence

extension ConnvoApplication {
    /// Puts the new values of these settings in place of those in use. Cannot fail. When it returns, all are in use:
    /// nothing is signed by a secret that was replaced.
    ///
    /// - Parameter changed: Settings that are declared as reloadable. Of all others the values in use stay.
    func take(_ configuration: ServerConfiguration, changed: Set<Setting>) {
        if !changed.isDisjoint(with: [.streamAPISecret, .tokensPerMinute]) {
            engine.replaceTerms(with: Self.terms(configuration))
        }
        if changed.contains(.streamAPISecret) { signer.replace(with: configuration.streamSecrets.signer) }
        if !changed.isDisjoint(with: [.corsOrigins, .trustedProxies, .invalidTokensPerSecond]) {
            accessRules.replace(with: AccessRules(configuration, replacing: accessRules.current))
        }
        if changed.contains(.logSuccessesPerSecond) { successSampling.limit = configuration.successLinesPerSecond }
        if changed.contains(.databaseURL) {
            engine.replaceTarget(with: configuration.database)
            monitor.replaceTarget(with: configuration.database)
        }
        if changed.contains(.workOSCAFile) { keySet.replaceTrustRoots(with: configuration.keySetTrustRoots) }
    }

    /// Which secret signs, and the quota.
    static func terms(_ configuration: ServerConfiguration) -> IssuanceTerms {
        let signer = configuration.streamSecrets.signer
        return IssuanceTerms(signingKeyID: signer.keyID, requestsPerMinute: configuration.requestsPerMinute) {
            contents in
            let token = try signer.sign(
                userID: contents.userID.rawValue,
                role: contents.role,
                callCID: contents.callCID,
                jti: contents.id.description,
                issuedAt: contents.issuedAt,
                expiresAt: contents.expiresAt
            )
            return SignedToken(bytes: token, sha256: SHA256.hash(token))
        }
    }
}
