extension Setting {
    /// The one declaration of this setting.
    var declaration: SettingDeclaration {
        switch self {
        case .databaseURL:
            SettingDeclaration(
                section: .database,
                type: .secret,
                shownDefault: "libpq's own (`PGHOST` and so on)",
                example: "postgresql://connvo_server@db.example.com/connvo?sslmode=verify-full",
                newValue: .reload,
                meaning: """
                    a libpq URI or keyword string, several hosts allowed; what `serve`, `token inspect` and `explain` use
                    """
            )
        case .databaseAdminURL:
            SettingDeclaration(
                section: .database,
                type: .secret,
                shownDefault: "`DATABASE_URL`",
                example: "postgresql://connvo_deploy@db.example.com/connvo?sslmode=verify-full",
                newValue: .nextCommand,
                meaning: "what `migrate`, `maintain`, `seed`, `export` and `report` use"
            )
        case .databasePoolSize:
            SettingDeclaration(
                section: .database,
                type: .integer(default: 4, range: 1...64),
                meaning: "connections for issuance"
            )
        case .databaseStatements:
            SettingDeclaration(
                section: .database,
                type: .choice(default: "prepared", of: ["prepared", "unnamed"]),
                meaning: "how statements are sent; `unnamed` behind PgBouncer in transaction mode"
            )
        case .httpHost:
            SettingDeclaration(
                section: .http,
                type: .text(default: "127.0.0.1"),
                meaning: """
                    address of the public listener: an IP address (one of IPv6 with brackets or without), a name of this \
                    machine, or `*` for every address of IPv6 and IPv4. A name means the first of its addresses that \
                    can be used
                    """
            )
        case .httpPort:
            SettingDeclaration(
                section: .http,
                type: .integer(default: 8080, range: 0...65_535),
                meaning: "port of the public listener; 0 lets the system choose one"
            )
        case .adminHost:
            SettingDeclaration(
                section: .http,
                type: .text(default: "127.0.0.1"),
                meaning: "address of the admin listener, in the same forms"
            )
        case .adminPort:
            SettingDeclaration(
                section: .http,
                type: .integer(default: 8081, range: 0...65_535),
                meaning: """
                    port of the admin listener: `/livez`, `/healthz`, `/version`, `/metrics`, and `/readyz?verbose`, which names \
                    obstacles and warnings; 0 turns it off
                    """
            )
        case .httpTLSCertificateFile:
            SettingDeclaration(
                section: .http,
                type: .text(),
                example: "/etc/connvo-server/tls/fullchain.pem",
                newValue: .reloadOfContents,
                meaning: """
                    certificates in PEM, this server's first and then the intermediate ones, at most 64 KiB: the public \
                    listener then speaks TLS 1.2 and 1.3, and nothing else. Read again every five seconds \
                    ([operations.md](operations.md#tls))
                    """
            )
        case .httpTLSKeyFile:
            SettingDeclaration(
                section: .http,
                type: .text(),
                example: "/etc/connvo-server/tls/privkey.pem",
                newValue: .reloadOfContents,
                meaning: "the private key of that certificate, in PEM and without a password; set both or none"
            )
        case .adminTLSCertificateFile:
            SettingDeclaration(
                section: .http,
                type: .text(),
                example: "/etc/connvo-server/tls/fullchain.pem",
                newValue: .reloadOfContents,
                meaning: "the same for the admin listener, independent of the public one; probes then need `https:`"
            )
        case .adminTLSKeyFile:
            SettingDeclaration(
                section: .http,
                type: .text(),
                example: "/etc/connvo-server/tls/privkey.pem",
                newValue: .reloadOfContents,
                meaning: "the private key of that certificate"
            )
        case .httpIdleTimeout:
            SettingDeclaration(
                section: .http,
                type: .duration(default: "75s"),
                meaning: """
                    how long a connection is kept between two requests, on both listeners, 1s to 1h. Longer than the \
                    load balancer keeps it, which then closes first and sends no request into a connection that is \
                    being closed
                    """
            )
        case .httpServerTiming:
            SettingDeclaration(
                section: .http,
                type: .flag,
                meaning: """
                    `true` adds `Server-Timing` to the responses of the public listener: `queue`, `db` and `total` in \
                    milliseconds, as the access line has them. Pages of `CORS_ORIGINS` may read it
                    """
            )
        case .httpDocs:
            SettingDeclaration(
                section: .http,
                type: .choice(default: "on", of: ["on", "off"]),
                meaning: """
                    whether the public listener serves `/docs`, `/openapi.yaml` and `/openapi.json`, which describe the \
                    API and say nothing of this deployment; with `off` they are 404
                    """
            )
        case .corsOrigins:
            SettingDeclaration(
                section: .http,
                type: .list,
                example: "https://app.connvo.app",
                newValue: .reload,
                meaning: """
                    pages of these origins may call both endpoints and read the responses, never with credentials. Each as browsers send it, `https://app.connvo.app`: lower case, no path, no \
                    port that is the scheme's own. `*` alone means any page
                    """
            )
        case .trustedProxies:
            SettingDeclaration(
                section: .http,
                type: .list,
                example: "10.0.0.0/8,fd00::/8",
                newValue: .reload,
                meaning: """
                    CIDRs; the client is the rightmost entry of `X-Forwarded-For` that is none of these. Entries may \
                    have a port, brackets or a zone. The `Forwarded` header is not read
                    """
            )
        case .invalidTokensPerSecond:
            SettingDeclaration(
                section: .http,
                type: .integer(default: 20, range: 0...100_000),
                shownDefault: "`20` with `TRUSTED_PROXIES`, else `0`",
                newValue: .reload,
                meaning: """
                    how many bearer tokens of one client address are refused in a second. Further tokens of it wait up \
                    to two seconds to be looked at, and then get 429; tokens that were accepted before never wait. Five \
                    seconds' worth may come at once. `0` means no limit: the right value behind a proxy that is not in \
                    `TRUSTED_PROXIES`, because all clients then have the proxy's address
                    """
            )
        case .streamAPISecret:
            SettingDeclaration(
                section: .stream,
                type: .secret,
                shownDefault: "required",
                isRequired: true,
                newValue: .reload,
                meaning: "signs the tokens; 32 bytes or more"
            )
        case .streamAPISecretPrevious:
            SettingDeclaration(
                section: .stream,
                type: .secret,
                mayBeEmpty: true,
                newValue: .reload,
                meaning: """
                    the secret before, while its tokens are valid; an empty file means none. It never signs: `token \
                    inspect` verifies tokens of both, and `report signing-keys` names both ([operations.md](operations.md#rotation))
                    """
            )
        case .streamRoleHost:
            SettingDeclaration(
                section: .stream,
                type: .text(),
                shownDefault: "`host`",
                example: "host",
                meaning: "Stream's role for hosts"
            )
        case .streamRoleCoHost:
            SettingDeclaration(
                section: .stream,
                type: .text(),
                shownDefault: "`moderator`",
                example: "moderator",
                meaning: "Stream's role for co-hosts"
            )
        case .streamRoleParticipant:
            SettingDeclaration(
                section: .stream,
                type: .text(),
                shownDefault: "`call_member`",
                example: "call_member",
                meaning: "Stream's role for participants"
            )
        case .streamRoleObserver:
            SettingDeclaration(
                section: .stream,
                type: .text(),
                example: "observer",
                meaning: "Stream's role for observers; without it they get no token"
            )
        case .streamGrantsConfirmed:
            SettingDeclaration(
                section: .stream,
                type: .flag,
                meaning: """
                    with `true` no reminder to change the grants at Stream is logged (README.md, "Before \
                    production")
                    """
            )
        case .workOSClientID:
            SettingDeclaration(
                section: .workOS,
                type: .text(),
                shownDefault: "required, unless `WORKOS_ISSUERS` and `WORKOS_JWKS_URL` are set",
                isRequired: true,
                meaning: "the id of the application at WorkOS; the defaults of issuers and key set follow from it"
            )
        case .workOSIssuers:
            SettingDeclaration(
                section: .workOS,
                type: .list,
                shownDefault: """
                    `https://api.workos.com`, the same with a trailing slash, \
                    `https://api.workos.com/user_management/<client id>`, and the same with `convex` or `sso` in its \
                    place
                    """,
                example: "https://auth.example.com/user_management/client_01EXAMPLE",
                meaning: "the issuers whose tokens are accepted; replaces the default"
            )
        case .workOSKeySetURL:
            SettingDeclaration(
                section: .workOS,
                type: .text(),
                shownDefault: "`https://api.workos.com/sso/jwks/<client id>`",
                example: "https://auth.example.com/sso/jwks/client_01EXAMPLE",
                meaning: "the key set: an `https:` URL, or a `file:` URL of an absolute path"
            )
        case .workOSCAFile:
            SettingDeclaration(
                section: .workOS,
                type: .text(),
                example: "/etc/connvo-server/proxy-ca.pem",
                newValue: .reload,
                meaning: """
                    certificates in PEM. When set, one of these must have signed the certificate of the key \
                    set's server, and the system's certificates are not used: for a proxy that inspects TLS
                    """
            )
        case .workOSAudiences:
            SettingDeclaration(
                section: .workOS,
                type: .list,
                example: "https://api.connvo.app",
                meaning: "when set, `aud` must hold one of them, and a missing `aud` fails"
            )
        case .allowImpersonation:
            SettingDeclaration(
                section: .workOS,
                type: .flag,
                meaning: "accept tokens with `act`; the impersonator is recorded"
            )
        case .allowDevelopmentTokens:
            SettingDeclaration(
                section: .workOS,
                type: .flag,
                meaning: """
                    accept what `token issue-bearer` signs; local work only, refused together with \
                    `WORKOS_CLIENT_ID`
                    """
            )
        case .developmentKeyFile:
            SettingDeclaration(
                section: .workOS,
                type: .text(),
                example: ".connvo/key.pem",
                newValue: .nextCommand,
                meaning: "the key that `token issue-bearer` signs with"
            )
        case .tokensPerMinute:
            SettingDeclaration(
                section: .rules,
                type: .integer(default: 60, range: 0...100_000),
                newValue: .reload,
                meaning: """
                    requests of one user in the last 60 seconds that are decided, granted or refused; beyond \
                    it 429. `0` means no limit. One process never exceeds it; N processes may exceed it in a \
                    burst, by at most N times
                    """
            )
        case .earlyJoinWindow:
            SettingDeclaration(
                section: .rules,
                type: .duration(),
                example: "15m",
                meaning: """
                    how long before its beginning a scheduled meeting opens; none means no limit. Hosts may \
                    always enter
                    """
            )
        case .pastDueGrace:
            SettingDeclaration(
                section: .rules,
                type: .duration(default: "7d"),
                meaning: "how long a subscription with a late payment keeps access, from `past_due_since` on"
            )
        case .requestedRole:
            SettingDeclaration(
                section: .rules,
                type: .choice(default: "lower", of: ["lower", "ignore"]),
                meaning: """
                    what `role` in a request does: `lower`, it may lower the role held in the meeting, and a higher \
                    one is refused; `ignore`, nothing, the role held decides \
                    ([convex-clients.md](convex-clients.md#a-client-that-always-sends-one-role)). The record keeps \
                    both
                    """
            )
        case .recordRetentionMonths:
            SettingDeclaration(
                section: .records,
                type: .integer(default: 0, range: 0...1200),
                newValue: .nextCommand,
                meaning: """
                    how many full months of records `maintain` keeps beside the current one, 1 to 1200; `0` \
                    keeps all ([maintenance.md](maintenance.md))
                    """
            )
        case .logLevel:
            SettingDeclaration(
                section: .log,
                type: .choice(
                    default: "info",
                    of: ["trace", "debug", "info", "notice", "warning", "error", "critical"]
                ),
                newValue: .reload,
                meaning: "the least severe level that is logged"
            )
        case .logFormat:
            SettingDeclaration(
                section: .log,
                type: .choice(default: "auto", of: ["auto", "json", "text"]),
                meaning: "form of the log on standard error; `auto` is `text` on a terminal, else `json`"
            )
        case .logSuccessesPerSecond:
            SettingDeclaration(
                section: .log,
                type: .text(default: "10"),
                newValue: .reload,
                meaning: """
                    the most access lines of issued tokens in a second, 0 to 1000000, or `all`; `0` means none. Refusals \
                    and failures always have theirs. Lines that standard error does not take in time wait in 1 MiB; \
                    those that do not fit are dropped and counted
                    """
            )
        case .ignoredVariables:
            SettingDeclaration(
                section: .others,
                type: .list,
                example: "LOG_DIR,DATABASE_REPLICA_*",
                meaning: """
                    names that begin as settings do and belong to another program, so that they are no error; `*` at the \
                    end of one stands for any rest
                    """
            )
        }
    }
}
