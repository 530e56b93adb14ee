internal import Persistence
internal import PostgreSQL

/// The connection targets for each kind of work (`DATABASE_URL`, `DATABASE_ADMIN_URL`).
enum DatabaseSettings {
    /// The target of `serve` and `token inspect`.
    static func serving(_ settings: inout SettingsReader, purpose: String) -> ConnectionTarget? {
        target(settings.secret(.databaseURL) ?? "", .databaseURL, purpose, .readWrite, &settings)
    }

    /// The target of `explain`: the facts of the endpoint are those of the primary, and nothing is written.
    static func explaining(_ settings: inout SettingsReader) -> ConnectionTarget? {
        target(settings.secret(.databaseURL) ?? "", .databaseURL, "explain", .primary, &settings)
    }

    /// The target of `migrate`, `maintain`, `seed` and `report`; by default the same as for serving.
    ///
    /// - Parameter isReadOnly: Whether a standby is accepted when the settings name one.
    static func administering(
        _ settings: inout SettingsReader,
        purpose: String,
        isReadOnly: Bool = false
    ) -> ConnectionTarget? {
        let attributes = isReadOnly ? nil : ConnectionTarget.SessionAttributes.readWrite
        if let conninfo = settings.secret(.databaseAdminURL) {
            return target(conninfo, .databaseAdminURL, purpose, attributes, &settings)
        }
        return target(settings.secret(.databaseURL) ?? "", .databaseURL, purpose, attributes, &settings)
    }

    private static func target(
        _ conninfo: String,
        _ setting: Setting,
        _ purpose: String,
        _ attributes: ConnectionTarget.SessionAttributes?,
        _ settings: inout SettingsReader
    ) -> ConnectionTarget? {
        do {
            var target = try ConnectionTarget(
                conninfo,
                applicationName: "connvo-server/\(purpose)",
                sessionAttributes: attributes
            )
            target.preparesStatements =
                settings.choice(.databaseStatements, of: ServerConfiguration.Statements.self) == .prepared
            return target
        } catch {
            let remedy = error.hint ?? "give a URI such as postgresql://user@host:5432/connvo"
            settings.note(setting, "is \(error.message)", remedy)
            return nil
        }
    }
}
