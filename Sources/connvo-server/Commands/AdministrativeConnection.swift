internal import Persistence
internal import PostgreSQL

/// Connects commands of an operator to the database: settings, connection, and a thread that may block.
enum AdministrativeConnection {
    /// Reads the connection target from the settings.
    ///
    /// - Parameters:
    ///   - purpose: The part of the name in `pg_stat_activity` after `connvo-server/`.
    ///   - isReadOnly: Whether a standby is accepted.
    ///   - settings: The reader of a command that has settings of its own; nil makes one.
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

    /// Runs `body` with a connection to the database, outside the cooperative pool. For the parameters see
    /// ``target(purpose:isReadOnly:settings:)``.
    ///
    /// - Throws: ``ConfigurationFailure``, ``CommandFailure`` when connecting fails, and the errors of `body`.
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
                connection.pass(Interruption.ofProcess.gate)
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
