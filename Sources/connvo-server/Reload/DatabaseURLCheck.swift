internal import PostgreSQL

/// Connects once with a new `DATABASE_URL` before it takes the place of one that works.
enum DatabaseURLCheck {
    private static let limit: Duration = .seconds(5)

    /// Blocks, for the time limit of connecting and of one statement at most.
    ///
    /// - Throws: ``ConfigurationFailure``, also where the database may be reached later: the URL in use works now.
    static func check(_ target: ConnectionTarget) throws(ConfigurationFailure) {
        do {
            var connection = try Connection.open(target, deadline: .after(limit))
            try SchemaRequirement.check(on: &connection)
        } catch let error as DatabaseError {
            let remedy = error.refusal.map { FirstConnection.remedy(for: $0) } ?? "correct it, or reload again later"
            throw failure("cannot be used to connect to the database: \(error.message)", remedy)
        } catch {
            throw failure("names a database that cannot be used: \(error)", "name the database of before")
        }
    }

    private static func failure(_ problem: String, _ remedy: String) -> ConfigurationFailure {
        ConfigurationFailure([SettingProblem(setting: Setting.databaseURL.name, problem: problem, remedy: remedy)])
    }
}
