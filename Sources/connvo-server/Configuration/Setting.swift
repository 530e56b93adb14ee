/// Every setting of the program, under its name in the environment.
///
/// ``declaration`` has its type, its default and its meaning. docs/configuration.md has the same rows.
///
/// ```swift
/// let port = settings.integer(.httpPort)
/// ```
enum Setting: String, CaseIterable, Sendable {
    case databaseURL = "DATABASE_URL"
    case databaseAdminURL = "DATABASE_ADMIN_URL"
    case databasePoolSize = "DATABASE_POOL_SIZE"
    case databaseStatements = "DATABASE_STATEMENTS"

    case httpHost = "HTTP_HOST"
    case httpPort = "HTTP_PORT"
    case adminHost = "ADMIN_HOST"
    case adminPort = "ADMIN_PORT"
    case httpTLSCertificateFile = "HTTP_TLS_CERTIFICATE_FILE"
    case httpTLSKeyFile = "HTTP_TLS_KEY_FILE"
    case adminTLSCertificateFile = "ADMIN_TLS_CERTIFICATE_FILE"
    case adminTLSKeyFile = "ADMIN_TLS_KEY_FILE"
    case httpIdleTimeout = "HTTP_IDLE_TIMEOUT"
    case httpServerTiming = "HTTP_SERVER_TIMING"
    case httpDocs = "HTTP_DOCS"
    case corsOrigins = "CORS_ORIGINS"
    case trustedProxies = "TRUSTED_PROXIES"
    case invalidTokensPerSecond = "INVALID_TOKENS_PER_SECOND"

    case streamAPISecret = "STREAM_API_SECRET"
    case streamAPISecretPrevious = "STREAM_API_SECRET_PREVIOUS"
    case streamRoleHost = "STREAM_ROLE_HOST"
    case streamRoleCoHost = "STREAM_ROLE_CO_HOST"
    case streamRoleParticipant = "STREAM_ROLE_PARTICIPANT"
    case streamRoleObserver = "STREAM_ROLE_OBSERVER"
    case streamGrantsConfirmed = "STREAM_GRANTS_CONFIRMED"

    case workOSClientID = "WORKOS_CLIENT_ID"
    case workOSIssuers = "WORKOS_ISSUERS"
    case workOSKeySetURL = "WORKOS_JWKS_URL"
    case workOSCAFile = "WORKOS_CA_FILE"
    case workOSAudiences = "WORKOS_AUDIENCES"
    case allowImpersonation = "ALLOW_IMPERSONATION"
    case allowDevelopmentTokens = "ALLOW_DEVELOPMENT_TOKENS"
    case developmentKeyFile = "DEVELOPMENT_KEY_FILE"

    case tokensPerMinute = "TOKENS_PER_MINUTE"
    case earlyJoinWindow = "EARLY_JOIN_WINDOW"
    case pastDueGrace = "PAST_DUE_GRACE"
    case requestedRole = "REQUESTED_ROLE"

    case recordRetentionMonths = "RECORD_RETENTION_MONTHS"

    case logLevel = "LOG_LEVEL"
    case logFormat = "LOG_FORMAT"
    case logSuccessesPerSecond = "LOG_SUCCESSES_PER_SECOND"

    case ignoredVariables = "IGNORED_VARIABLES"

    /// The name of the environment variable.
    var name: String { rawValue }

    /// The environment variable that names a file with the value. Only secrets have one.
    var fileName: String { rawValue + "_FILE" }
}
