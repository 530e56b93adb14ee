package import PostgreSQL

extension DatabaseDiagnosis {
    /// How many connections this login may still open, and of how many.
    package struct ConnectionRoom: Hashable, Sendable {
        /// `max_connections` less what is kept for superusers, or the smaller limit of the login or of the database.
        package let limit: Int
        /// How many of them are in use.
        package let used: Int

        package init(limit: Int, used: Int) {
            self.limit = limit
            self.used = used
        }

        package var left: Int { max(0, limit - used) }
    }

    package static func connectionRoom(
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> ConnectionRoom {
        let rows = try connection.execute(connectionRoomStatement, deadline: deadline).rows
        let rooms = try rows.map { (row) throws(DatabaseError) in
            ConnectionRoom(
                limit: Int(try row.decode(0, as: Int64.self)),
                used: Int(try row.decode(1, as: Int64.self))
            )
        }
        return rooms.min { $0.left < $1.left } ?? ConnectionRoom(limit: 0, used: 0)
    }

    /// A row for each limit. `pg_stat_activity` has a row of every session for every login, and `pg_stat_database` of none
    /// (PostgreSQL 15 manual, 28.2.3). -1 is no limit.
    private static let connectionRoomStatement = Statement(
        "diagnosis.connection_room",
        """
        SELECT room.most, room.used
        FROM (
            SELECT pg_catalog.current_setting('max_connections')::bigint
                    - pg_catalog.current_setting('superuser_reserved_connections')::bigint
                    - coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::bigint AS most,
                (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend') AS used
            UNION ALL
            SELECT login.rolconnlimit,
                (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE usename = session_user)
            FROM pg_catalog.pg_roles AS login
            WHERE login.rolname = session_user
            UNION ALL
            SELECT database.datconnlimit,
                (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database())
            FROM pg_catalog.pg_database AS database
            WHERE database.datname = pg_catalog.current_database()
        ) AS room
        WHERE room.most >= 0
        """
    )
}
