import Persistence
import PostgreSQL
import TestSupport
import Testing

/// Every file begins in the same session state, whatever the file before has left.
@Suite struct MigratorSessionTests {
    /// Records the state of its session.
    private static let observer = """
        CREATE TABLE connvo.seen AS
        SELECT 'setting ' || name AS what, setting AS value FROM pg_catalog.pg_settings
        UNION ALL SELECT 'user', current_user || ' ' || session_user
        UNION ALL SELECT 'temporary', relname FROM pg_catalog.pg_class WHERE relpersistence = 't'
        UNION ALL SELECT 'prepared', name FROM pg_catalog.pg_prepared_statements WHERE from_sql
        UNION ALL SELECT 'cursor', name FROM pg_catalog.pg_cursors WHERE is_holdable
        UNION ALL SELECT 'listening', channel FROM pg_catalog.pg_listening_channels() AS listening (channel)
        UNION ALL
        SELECT 'lock', objid::text FROM pg_catalog.pg_locks
        WHERE locktype = 'advisory' AND pid = pg_catalog.pg_backend_pid() AND objid = 4711;
        CREATE TABLE connvo.words AS SELECT 'Zoë' AS word, 'a\\b' AS slash;
        """

    private static let seen = """
        SELECT string_agg(what || '=' || value, E'\\n' ORDER BY what, value) FROM connvo.seen
        WHERE what NOT IN ('setting transaction_deferrable')
        """
    private static let words = "SELECT encode(convert_to(word || slash, 'UTF8'), 'hex') FROM connvo.words"

    static let leaks = [
        "SET search_path = connvo, public", "SET client_encoding = 'LATIN1'", "SET standard_conforming_strings = off",
        "SET TimeZone = 'America/St_Johns'", "SET session_replication_role = replica",
        "CREATE TEMPORARY TABLE left_over (id integer)", "PREPARE left_over AS SELECT 1",
        "SELECT pg_advisory_lock(4711)", "LISTEN left_over", "SET ROLE pg_monitor",
        "SET SESSION AUTHORIZATION pg_monitor", "SET default_transaction_read_only = on",
        "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SELECT set_config('my.own', 'value', false)", "SET check_function_bodies = off",
        "DECLARE left_over CURSOR WITH HOLD FOR SELECT 1", "SET statement_timeout = 4711",
        "SELECT pg_advisory_unlock_all()", "DISCARD PLANS", "SET default_tablespace = pg_default",
        "SET DateStyle = 'German'", "SET lock_timeout = 4711",
    ]

    @Test(arguments: leaks)
    func `one run and two runs are the same`(leak: String) async throws {
        let files = [("0001_leak.sql", "SELECT 1;\n\(leak);"), ("0002_seen.sql", Self.observer)]
        try await withDatabase(.empty) { together in
            try await withDatabase(.empty) { apart in
                try await onOwnThread {
                    let migrator = Migrator(try .scratch(files))
                    var connection = try together.connect()
                    #expect(try migrator.up(on: &connection).count == 2)
                    for version in 1...2 {
                        var connection = try apart.connect()
                        #expect(try migrator.up(to: version, on: &connection).count == 1)
                    }
                    #expect(try together.scalar(Self.seen) == apart.scalar(Self.seen))
                    #expect(try together.scalar(Self.words) == "5a6fc3ab615c62")
                }
            }
        }
    }
}
