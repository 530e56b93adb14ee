internal import PostgreSQL

/// A session of a command that needs one: for a lock of the session, and for statements that run outside a transaction.
///
/// It states its settings (``SessionSettings``), and is refused behind a pooler that gives each transaction another session
/// of the server.
struct AdministrativeSession: Sendable {
    /// The settings that the database or the login had set otherwise.
    private let restated: [String]

    /// For the statements of this file, which are short.
    private static let timeout: Duration = .seconds(30)

    /// Why a command is refused for which ``begin(on:)`` returns false.
    static let pooled = DatabaseError(
        .unexpected,
        """
        there is a pooler in transaction mode between here and the server; set DATABASE_ADMIN_URL to the server itself, \
        past the pooler
        """
    )

    /// States the settings.
    ///
    /// - Returns: Nil, without having changed anything, when a pooler gives each transaction another session.
    static func begin(on connection: inout Connection) throws(DatabaseError) -> AdministrativeSession? {
        do throws(DatabaseError) {
            // Where another process answers than the handshake named, something stands between.
            let isDirect = try process(of: &connection) == connection.backendPID
            if !isDirect, try isPooled(&connection) { return nil }
            let changed = try connection.execute(set, deadline: .after(timeout))
            return AdministrativeSession(
                restated: try changed.rows.map { (row) throws(DatabaseError) in try row.decode(0) }
            )
        } catch {
            // A prepared statement is where another session looks for it, or is not where this one prepared it.
            guard error.sqlState == .duplicatePreparedStatement || error.sqlState == .invalidStatementName else {
                throw error
            }
            return nil
        }
    }

    /// Gives the session back as it was. A connection that is not idle is about to be closed.
    static func end(on connection: inout Connection) {
        guard connection.isIdle else { return }
        try? connection.executeScript("SET SESSION AUTHORIZATION DEFAULT; RESET ALL", deadline: .after(timeout))
    }

    /// Puts the session into the state in which it was when ``begin(on:)`` had run, undoing what a script has done to it, and
    /// without ever giving `lock` free: what DISCARD ALL does, statement by statement (PostgreSQL 15 manual, DISCARD),
    /// with the lock taken for the transaction before all locks of the session are released.
    ///
    /// - Parameters:
    ///   - lock: Nil when this session has none.
    ///   - becomesOwner: Whether the session works as connvo_owner.
    ///   - script: What else belongs to that state.
    /// - Throws: ``DatabaseError`` with `lockNotAvailable` when a script gave the lock free and another session has it.
    func reset(
        keeping lock: AdvisoryLock?,
        becomesOwner: Bool,
        and script: String = "",
        on connection: inout Connection
    ) throws(DatabaseError) {
        let reset = """
            SET LOCAL lock_timeout = '1s';
            \(lock.map { "SELECT pg_catalog.pg_advisory_xact_lock(\($0.key));" } ?? "")
            CLOSE ALL;
            SET SESSION AUTHORIZATION DEFAULT;
            RESET ALL;
            RESET ROLE;
            DEALLOCATE ALL;
            UNLISTEN *;
            SELECT pg_catalog.pg_advisory_unlock_all();
            DISCARD PLANS;
            DISCARD TEMP;
            DISCARD SEQUENCES;
            \(lock.map { "SELECT pg_catalog.pg_try_advisory_lock(\($0.key));" } ?? "")
            \(SessionSettings.set(restated));
            \(becomesOwner ? SchemaOwner.become.sql : "");
            \(script)
            """
        try connection.executeScript(deallocatingAll: reset, deadline: .after(Self.timeout))
        _ = connection.takeNotices()
    }

    /// Asks two connections again and again which session of the server they have. Each always has its own, or there is a
    /// pooler that lends the same ones to both.
    private static func isPooled(_ connection: inout Connection) throws(DatabaseError) -> Bool {
        let origin = try connection.sessionOrigin()
        // Where the server takes no second connection, no other session has the first one either.
        guard var other = try? origin.open(preparesStatements: false, deadline: .after(.seconds(5))) else {
            return false
        }
        let first = try process(of: &connection)
        let second = try process(of: &other)
        guard first != second else { return true }
        // As many as a pool has sessions, and more.
        for _ in 0..<50 {
            guard try process(of: &connection) == first, try process(of: &other) == second else { return true }
        }
        return false
    }

    private static func process(of connection: inout Connection) throws(DatabaseError) -> Int32 {
        try connection.execute(process, deadline: .after(timeout)).onlyRow.decode(0)
    }
}

// MARK: - SQL

extension AdministrativeSession {
    private static let process = Statement("session.process", "SELECT pg_catalog.pg_backend_pid()")

    private static let set = Statement("session.settings", SessionSettings.set)
}
