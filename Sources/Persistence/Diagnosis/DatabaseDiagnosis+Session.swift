package import PostgreSQL

extension DatabaseDiagnosis {
    /// Who and where this session is.
    package struct Session: Hashable, Sendable {
        package let login: String
        package let database: String
        /// As the server shows it, such as `15.18 (Debian 15.18-0+deb12u1)`.
        package let version: String
        package let isStandby: Bool
        /// Whether transactions of this session can write nothing.
        package let isReadOnly: Bool
        /// Whether another process of the server answers than the one of the handshake: a pooler stands between.
        package let isPooled: Bool

        package init(
            login: String,
            database: String,
            version: String,
            isStandby: Bool,
            isReadOnly: Bool,
            isPooled: Bool
        ) {
            self.login = login
            self.database = database
            self.version = version
            self.isStandby = isStandby
            self.isReadOnly = isReadOnly
            self.isPooled = isPooled
        }
    }

    package static func session(deadline: Deadline, on connection: inout Connection) throws(DatabaseError) -> Session {
        let process = connection.backendPID
        let row = try connection.execute(sessionStatement, deadline: deadline).onlyRow
        return Session(
            login: try row.decode(0),
            database: try row.decode(1),
            version: try row.decode(2),
            isStandby: try row.decode(3),
            isReadOnly: try row.decode(4),
            isPooled: try row.decode(5, as: Int32.self) != process
        )
    }

    private static let sessionStatement = Statement(
        "diagnosis.session",
        """
        SELECT session_user::text,
            pg_catalog.current_database()::text,
            pg_catalog.current_setting('server_version'),
            pg_catalog.pg_is_in_recovery(),
            pg_catalog.current_setting('transaction_read_only')::boolean,
            pg_catalog.pg_backend_pid()
        """
    )
}
