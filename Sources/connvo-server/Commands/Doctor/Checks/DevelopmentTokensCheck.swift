extension DoctorCheck {
    /// Whether bearer tokens are accepted that are signed with a development key.
    static let developmentTokens = DoctorCheck(
        "development_tokens",
        .settings { settings in
            guard settings.allowsDevelopmentTokens else { return [.ok("not accepted")] }
            return [
                .warning(
                    "accepted: this must not be a production server",
                    remedy: "in production set WORKOS_CLIENT_ID in place of ALLOW_DEVELOPMENT_TOKENS"
                )
            ]
        }
    )
}
