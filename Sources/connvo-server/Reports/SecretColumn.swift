internal import Persistence

/// Which secret a signing key is: a column of `report signing-keys` that the database cannot know.
struct SecretColumn: Sendable {
    let column = ReportColumn.text("secret")
    private let secrets: StreamSecrets?

    /// Reads the secrets, where this command is given them: a login for reports need not have any.
    ///
    /// - Throws: ``ConfigurationFailure`` when they are given and cannot be used.
    init() async throws(ConfigurationFailure) {
        var settings = try await SettingsReader()
        guard settings.isGiven(.streamAPISecret) else {
            secrets = nil
            return
        }
        secrets = StreamSecrets(&settings)
        try settings.throwIfWrong()
    }

    /// `current`, `previous` or `retired`; NULL where the secrets are not known.
    ///
    /// - Parameter row: Of the report, whose first column is the id of the key.
    func value(_ row: [ReportValue]) -> ReportValue {
        guard let secrets, case .text(let keyID) = row.first else { return .null }
        return .text(secrets.use(of: keyID).rawValue)
    }
}
