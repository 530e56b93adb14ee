internal import Persistence
internal import PostgreSQL

/// How commands of an administrator reach the database: settings, a connection, and a thread that may wait.
enum AdministrativeConnection {
    /// Reads where the database is.
    ///
    /// - Parameters:
    ///   - purpose: Shown in `pg_stat_activity` behind `connvo-server/`.
    ///   - isReadOnly: Takes a standby, too.
    ///   - settings: Where a command has settings of its own, the reader that it has read them from.
    /// - Throws: ``ConfigurationFailure``.
    static func target(
        purpose: String,
        isReadOnly: Bool = false,
        settings: SettingsReader? = nil
    ) async throws -> ConnectionTarget {
        var settings = if let settings { settings } else { try await SettingsReader() }
        let found = DatabaseSettings.administering(&settings, purpose: purpose, isReadOnly: isReadOnly)
        try settings.throwIfWrong()
        guard let target = found else { throw ConfigurationFailure(settings.problems) }
        return target
    }

    /// Runs `body` with a connection to the database, away from the cooperative pool. Parameters are those of
    /// ``target(purpose:isReadOnly:settings:)``.
    ///
    /// - Throws: ``ConfigurationFailure``, ``CommandFailure`` when there is no connection, and what `body` throws.
    static func run<Value: Sendable>(
        purpose: String,
        isReadOnly: Bool = false,
        settings: SettingsReader? = nil,
        _ body: @escaping @Sendable (inout Connection) throws -> Value
    ) async throws -> Value {
        let target = try await target(purpose: purpose, isReadOnly: isReadOnly, settings: settings)
        return try await onThreadOfItsOwn(named: purpose) {
            Result {
                var connection = try open(target)
                return try body(&connection)
            }
        }.get()
    }

    private static func open(_ target: ConnectionTarget) throws -> Connection {
        do {
            return try Connection.open(target, deadline: .after(.seconds(10)))
        } catch {
            throw CommandFailure(.unavailable, "cannot connect to the database: \(error.message)")
        }
    }
}
