internal import PostgreSQL

/// The settings that commands of an operator rely on.
///
/// `ALTER DATABASE ... SET`, `ALTER ROLE ... SET`, `postgresql.conf` and `PGOPTIONS` give every setting of a session another
/// value than PostgreSQL does. What such a command does must not depend on that, so each of its sessions, or of its
/// transactions, states all of them. Settings that only decide how fast a statement is (`enable_seqscan`, `work_mem`) are
/// left as they are.
///
/// PostgreSQL 15 manual, chapter 20, and 17 for what is newer.
enum SessionSettings {
    /// What a session is to have. Settings that the server does not know are left out; those that only a superuser may
    /// change are changed only where they differ, as all are.
    private static let values: [(name: String, value: String)] = [
        // How texts are read and written.
        ("client_encoding", "UTF8"),
        ("standard_conforming_strings", "on"),
        ("backslash_quote", "safe_encoding"),
        ("array_nulls", "on"),
        ("transform_null_equals", "off"),
        ("quote_all_identifiers", "off"),
        ("DateStyle", "ISO, MDY"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("bytea_output", "hex"),
        ("extra_float_digits", "1"),
        ("xmlbinary", "base64"),
        ("xmloption", "content"),
        ("lc_monetary", "C"),
        ("lc_numeric", "C"),
        ("lc_time", "C"),
        // What names mean, and what is made of a definition.
        ("search_path", "public"),
        ("check_function_bodies", "on"),
        ("default_tablespace", ""),
        ("temp_tablespaces", ""),
        ("default_table_access_method", "heap"),
        ("default_toast_compression", "pglz"),
        ("row_security", "on"),
        // Transactions and how long something may take.
        ("default_transaction_isolation", "read committed"),
        ("default_transaction_read_only", "off"),
        ("default_transaction_deferrable", "off"),
        ("statement_timeout", "0"),
        ("lock_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
        ("idle_session_timeout", "0"),
        ("exit_on_error", "off"),
        // What is told.
        ("client_min_messages", "notice"),
        // Plans: the statements of a command run once.
        ("plan_cache_mode", "auto"),
        ("cursor_tuple_fraction", "0.1"),
        ("gin_fuzzy_search_limit", "0"),
        // Newer than PostgreSQL 15.
        ("transaction_timeout", "0"),
        ("createrole_self_grant", ""),
        ("restrict_nonsystem_relation_kind", ""),
        // Only a superuser may change it.
        ("session_replication_role", "origin"),
        // A COMMIT must mean that the data is on disk. Every value but `off` waits for at least that (manual, 20.5.1).
        ("synchronous_commit", "on"),
    ]

    /// Sets, for the session, those that differ. Returns the name of each.
    static let set = statement(values, isLocal: false)

    /// Sets, for the transaction that has begun, those that differ.
    static let setLocal = statement(values, isLocal: true)

    /// The same for a transaction that reads only: whether triggers fire and when COMMIT returns matter to none.
    static let setLocalForReading = statement(
        values.filter { !["session_replication_role", "synchronous_commit"].contains($0.name) },
        isLocal: true
    )

    /// ``setLocalForReading`` where the limit that an administrator has set for statements stays.
    static let setLocalForReports = statement(
        values.filter {
            !["session_replication_role", "synchronous_commit", "statement_timeout"].contains($0.name)
        },
        isLocal: true
    )

    private static func statement(_ values: [(name: String, value: String)], isLocal: Bool) -> String {
        """
        SELECT wanted.name, pg_catalog.set_config(wanted.name, wanted.value, \(isLocal))
        FROM (
            VALUES
                \(values.map { "('\($0.name)', '\($0.value)')" }.joined(separator: ",\n        "))
        ) AS wanted (name, value)
        WHERE CASE wanted.name
                WHEN 'synchronous_commit' THEN pg_catalog.current_setting(wanted.name) = 'off'
                ELSE pg_catalog.current_setting(wanted.name, true) <> wanted.value
            END
        """
    }

    /// Sets those with these names, for the session.
    static func set(_ names: [String]) -> String {
        let calls = values.filter { names.contains($0.name) }.map { name, value in
            "pg_catalog.set_config('\(name)', '\(value)', false)"
        }
        return calls.isEmpty ? "" : "SELECT \(calls.joined(separator: ", "))"
    }
}
