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
    /// Settings of every version.
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
    ]

    /// Settings that not every version has, or that not every login may change: changed only where they differ.
    private static let differing: [(name: String, value: String)] = [
        ("transaction_timeout", "0"),
        ("createrole_self_grant", ""),
        ("restrict_nonsystem_relation_kind", ""),
        ("session_replication_role", "origin"),
    ]

    /// A COMMIT must mean that the data is on disk. Other values wait for at least that (manual, 20.5.1).
    private static let synchronousCommit = "synchronous_commit"

    /// The calls that set all of them, separated by commas.
    ///
    /// - Parameter isLocal: Whether for the transaction only.
    static func calls(isLocal: Bool) -> String {
        let set = { (name: String, value: String) in
            "pg_catalog.set_config('\(name)', '\(value)', \(isLocal))"
        }
        let plain = values.map(set)
        let conditional = differing.map { name, value in
            let current = "pg_catalog.current_setting('\(name)', true)"
            // An empty text is what an unknown setting has once it was asked for.
            return "CASE WHEN \(current) NOT IN ('\(value)', '') THEN \(set(name, value)) END"
        }
        let commit = """
            CASE pg_catalog.current_setting('\(synchronousCommit)') WHEN 'off' THEN \(set(synchronousCommit, "on")) END
            """
        return (plain + conditional + [commit]).joined(separator: ",\n    ")
    }

    /// Sets all of them for the session.
    static let set = "SELECT \(calls(isLocal: false))"

    /// Sets all of them for the open transaction: nothing relies on session state, so a pooler may stand between.
    static let setLocal = "SELECT \(calls(isLocal: true))"
}
