internal import Persistence
internal import PostgreSQL

/// Refuses to work with a database whose schema is not one that this program can use, before anything is read or written.
///
/// The message is that of `/readyz`: which migrations are missing, and the command that applies them.
enum SchemaRequirement {
    /// A login that may not read which migrations are applied, such as one that only reads reports, is not refused: what
    /// it does next fails, and ``failure(for:)`` says why.
    ///
    /// - Throws: ``CommandFailure``.
    static func check(on connection: inout Connection) throws(CommandFailure) {
        let compatibility: SchemaCompatibility
        do {
            compatibility = try SchemaCompatibility.read(
                known: .embedded,
                deadline: .after(.seconds(10)),
                on: &connection
            )
        } catch {
            if error.sqlState == .insufficientPrivilege { return }
            let status: ExitStatus = error.sqlState == nil ? .unavailable : .failed
            throw CommandFailure(status, "reading which migrations are applied: \(error)")
        }
        switch compatibility {
        case .ready, .newer: return
        case .unmigrated, .unrecorded, .missing: throw CommandFailure(.failed, "\(compatibility)")
        case .incompatible: throw CommandFailure(.databaseNewer, "\(compatibility)")
        }
    }

    /// What an error says of a schema that lacks what this program uses; nil for another error.
    static func failure(for error: DatabaseError) -> CommandFailure? {
        switch error.sqlState {
        case .undefinedTable, .undefinedSchema, .undefinedColumn, .undefinedFunction:
            CommandFailure(
                .failed,
                "\(error.message): the schema is older than this program; run connvo-server migrate up"
            )
        default: nil
        }
    }
}
