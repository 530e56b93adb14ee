internal import Domain
internal import FoundationEssentials
internal import JOSE
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Persistence
internal import PostgreSQL

/// The settings of `serve`, read at start and at each reload. docs/configuration.md describes each.
struct ServerConfiguration: Sendable {
    var listener: Listener
    /// Nil when `ADMIN_PORT` is 0.
    var adminListener: Listener?
    /// Of the listeners that speak TLS.
    let certificates: [CertificateStore]
    let connectionLimits: ConnectionLimits
    /// Whether the public listener serves the description of the API.
    let servesDocuments: Bool
    let trustedProxies: TrustedProxies
    /// 0 means no limit.
    let invalidTokensPerSecond: Int
    /// Nil when pages of other origins may not read responses.
    let crossOrigin: CrossOriginPolicy?
    let database: ConnectionTarget
    let poolSize: Int
    let preparesStatements: Bool
    let streamSecrets: StreamSecrets
    let admissionPolicy: AdmissionPolicy
    let requestsPerMinute: Int
    let bearerPolicy: BearerTokenVerifier.Policy
    let keySetSource: any KeySetSource
    let keySetTrustRoots: NIOSSLTrustRoots
    let allowsDevelopmentTokens: Bool
    let streamGrantsConfirmed: Bool
    /// Whether responses of the public listener have `Server-Timing`.
    let tellsTiming: Bool
    /// As ``SuccessSampling/limit``.
    let successLinesPerSecond: Int

    enum Statements: String, CaseIterable {
        case prepared, unnamed
    }

    enum Documents: String, CaseIterable {
        case on, off
    }

    /// - Throws: ``ConfigurationFailure`` with every problem in the settings.
    init(_ settings: inout SettingsReader) throws(ConfigurationFailure) {
        listener = Self.listener(.httpHost, .httpPort, &settings)
        let admin = Self.listener(.adminHost, .adminPort, &settings)
        adminListener = admin.port == 0 ? nil : admin
        let publicTLS = Self.certificates("public", .httpTLSCertificateFile, .httpTLSKeyFile, &settings)
        let adminTLS = Self.certificates("admin", .adminTLSCertificateFile, .adminTLSKeyFile, &settings)
        listener.certificates = publicTLS
        adminListener?.certificates = adminTLS
        certificates = [publicTLS, adminListener == nil ? nil : adminTLS].compactMap(\.self)
        connectionLimits = Self.connectionLimits(&settings)
        servesDocuments = settings.choice(.httpDocs, of: Documents.self) == .on
        trustedProxies = Self.trustedProxies(&settings)
        let invalidTokens = settings.integer(.invalidTokensPerSecond)
        let isGiven = settings.string(.invalidTokensPerSecond) != nil
        invalidTokensPerSecond = isGiven || trustedProxies.areSome ? invalidTokens : 0
        tellsTiming = settings.flag(.httpServerTiming)
        crossOrigin = Self.crossOrigin(&settings, exposesTiming: tellsTiming)
        successLinesPerSecond = LogSettings.successLinesPerSecond(&settings)

        let database = DatabaseSettings.serving(&settings, purpose: "serve")
        poolSize = settings.integer(.databasePoolSize)
        preparesStatements = settings.choice(.databaseStatements, of: Statements.self) == .prepared

        let streamSecrets = StreamSecrets(&settings)
        admissionPolicy = Self.admissionPolicy(&settings)
        requestsPerMinute = settings.integer(.tokensPerMinute)
        allowsDevelopmentTokens = settings.flag(.allowDevelopmentTokens)
        bearerPolicy = Self.bearerPolicy(&settings, allowsDevelopmentTokens: allowsDevelopmentTokens)
        let trustRoots = Self.keySetTrustRoots(&settings)
        let keySetSource = Self.keySetSource(&settings, trustRoots: trustRoots)
        streamGrantsConfirmed = settings.flag(.streamGrantsConfirmed)

        try settings.throwIfWrong()
        guard let database, let streamSecrets, let keySetSource else {
            // A value is nil only when its reader has noted a problem.
            throw ConfigurationFailure(settings.problems)
        }
        self.database = database
        self.streamSecrets = streamSecrets
        self.keySetSource = keySetSource
        keySetTrustRoots = trustRoots
    }

    private static func connectionLimits(_ settings: inout SettingsReader) -> ConnectionLimits {
        var limits = ConnectionLimits()
        guard let idle = settings.duration(.httpIdleTimeout) else { return limits }
        if (.seconds(1) ... .hours(1)).contains(idle) {
            limits.keepAlive = .milliseconds(idle.milliseconds)
        } else {
            settings.note(.httpIdleTimeout, "is out of range", "give 1s to 1h")
        }
        return limits
    }

    private static func trustedProxies(_ settings: inout SettingsReader) -> TrustedProxies {
        let cidrs = settings.list(.trustedProxies)
        if let proxies = TrustedProxies(cidrs) { return proxies }
        settings.note(
            .trustedProxies,
            "is \(SettingText.quoted(cidrs.joined(separator: ",")))",
            "give networks such as 10.0.0.0/8,fd00::/8"
        )
        return .none
    }

    private static func crossOrigin(_ settings: inout SettingsReader, exposesTiming: Bool) -> CrossOriginPolicy? {
        let origins = settings.list(.corsOrigins)
        guard !origins.isEmpty else { return nil }
        if let policy = CrossOriginPolicy(origins, exposesTiming: exposesTiming) { return policy }
        settings.note(
            .corsOrigins,
            "is \(SettingText.quoted(origins.joined(separator: ",")))",
            "give origins as browsers send them, such as https://app.connvo.app, in lower case and without a path; or *"
        )
        return nil
    }

    private static func bearerPolicy(
        _ settings: inout SettingsReader,
        allowsDevelopmentTokens: Bool
    ) -> BearerTokenVerifier.Policy {
        let clientID = clientID(&settings)
        var issuers = settings.list(.workOSIssuers)
        if issuers.isEmpty, let clientID {
            issuers = [
                "https://api.workos.com", "https://api.workos.com/",
                "https://api.workos.com/user_management/\(clientID)", "https://api.workos.com/convex/\(clientID)",
                "https://api.workos.com/sso/\(clientID)",
            ]
        }
        if allowsDevelopmentTokens {
            if settings.string(.workOSClientID) != nil {
                settings.note(
                    .allowDevelopmentTokens,
                    "is true, and WORKOS_CLIENT_ID is set",
                    "development tokens and real ones do not go together: take one of them away"
                )
            }
            if !issuers.contains(DevelopmentToken.issuer) { issuers.append(DevelopmentToken.issuer) }
        } else if issuers.contains(DevelopmentToken.issuer) {
            settings.note(
                .workOSIssuers,
                "names the development issuer",
                "take it out, or set ALLOW_DEVELOPMENT_TOKENS=true on a machine of your own"
            )
        }
        if issuers.isEmpty, settings.string(.workOSClientID) == nil, !settings.isFaulty(.workOSIssuers) {
            settings.note(.workOSClientID, "is not set", "give it, or WORKOS_ISSUERS and WORKOS_JWKS_URL")
        }
        return BearerTokenVerifier.Policy(
            issuers: issuers,
            audiences: settings.list(.workOSAudiences),
            allowsImpersonation: settings.flag(.allowImpersonation),
            developmentIssuer: allowsDevelopmentTokens ? DevelopmentToken.issuer : nil
        )
    }

    private static func keySetSource(
        _ settings: inout SettingsReader,
        trustRoots: NIOSSLTrustRoots
    ) -> (any KeySetSource)? {
        let remedy = "give an https: URL, or a file: URL such as file:///etc/connvo-server/jwks.json"
        guard let text = settings.string(.workOSKeySetURL) else {
            guard let clientID = clientID(&settings) else {
                if settings.string(.workOSClientID) == nil, !settings.isFaulty(.workOSClientID) {
                    settings.note(.workOSKeySetURL, "is not set", "\(remedy), or WORKOS_CLIENT_ID")
                }
                return nil
            }
            // Where WorkOS publishes the keys of a client.
            return KeySetDownload(url: "https://api.workos.com/sso/jwks/\(clientID)", trustRoots: trustRoots)
        }
        guard !text.contains(where: \.isWhitespace) else {
            settings.note(.workOSKeySetURL, "is \(SettingText.quoted(text))", remedy)
            return nil
        }
        guard let url = URL(string: text), let scheme = url.scheme?.lowercased() else {
            settings.note(.workOSKeySetURL, "is \(SettingText.quoted(text))", remedy)
            return nil
        }
        switch scheme {
        case "file" where !url.path.isEmpty:
            return KeySetFile(path: url.path)
        case "https" where url.user != nil || url.password != nil:
            settings.note(.workOSKeySetURL, "has a user name or a password", "leave it out: the set is public")
        case "https" where url.host?.isEmpty == false && url.fragment == nil:
            return KeySetDownload(url: text, trustRoots: trustRoots)
        case "http":
            settings.note(
                .workOSKeySetURL,
                "is \(SettingText.quoted(text)), and a response over plain http can be changed on its way, which lets any token in",
                remedy
            )
        default:
            settings.note(.workOSKeySetURL, "is \(SettingText.quoted(text))", remedy)
        }
        return nil
    }

    /// The client id; nil when it is missing, and when it cannot be one.
    private static func clientID(_ settings: inout SettingsReader) -> String? {
        guard let clientID = settings.string(.workOSClientID) else { return nil }
        guard clientID.utf8.count <= 128,
            clientID.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) })
        else {
            settings.note(.workOSClientID, "is \(SettingText.quoted(clientID))", "give an id such as client_01EXAMPLE")
            return nil
        }
        return clientID
    }

    private static func keySetTrustRoots(_ settings: inout SettingsReader) -> NIOSSLTrustRoots {
        guard let path = settings.string(.workOSCAFile) else { return .default }
        let file = SmallFile.readAtStart(path, byteLimit: 4 * 1024 * 1024)
        guard let text = settings.contents(of: file, named: .workOSCAFile) else { return .default }
        guard let certificates = try? NIOSSLCertificate.fromPEMBytes(text), !certificates.isEmpty else {
            settings.note(.workOSCAFile, "\(path) holds no certificate", "name a file with certificates in PEM")
            return .default
        }
        return .certificates(certificates)
    }
}
