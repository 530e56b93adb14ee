internal import PostgreSQL

/// Whether partitions, roles, ownership and grants are as roles.sql leaves them.
struct Convergence: Hashable, Sendable {
    /// A fingerprint of all that decides about them.
    let current: String
    /// The fingerprint when a run last found nothing to do; nil when there was no such run.
    let recorded: String?

    /// With the same fingerprint roles.sql would find nothing to do again (decision 0012).
    var isConverged: Bool { current == recorded }
}

extension Convergence {
    /// The queries whose results ``init(_:)`` decodes.
    static func queries(roles: String) -> [Command] {
        var script = Parameters()
        script.append(roles)
        return [Command(fingerprint, script), StoredState.convergence.read]
    }

    init(_ results: ArraySlice<QueryResult>) throws(DatabaseError) {
        guard results.count == 2, let fingerprint = results.first, let recorded = results.last else {
            throw DatabaseError(.unexpected, "two results were expected, not \(results.count)")
        }
        self.init(current: try fingerprint.onlyRow.decode(0), recorded: try StoredState.decode(recorded))
    }
}

// MARK: - SQL

extension Convergence {
    /// A fingerprint of what decides which partitions are missing and what roles.sql does, its own text ($1) included: the
    /// login, the month, our roles, their settings and memberships, and kind, owner and privileges of the database, of
    /// both schemas and of what is in them.
    ///
    /// roles.sql compares before it changes anything. So while this is what it was when roles.sql found nothing to do, it
    /// would find nothing to do again. What is looked at here may be more than roles.sql looks at, never less.
    ///
    /// Most of its time goes into looking up functions, types and plans in a session that has just begun, so it is made of
    /// few and plain ones. Nothing is sorted: rows that have changed places make roles.sql run once too often. OIDs below
    /// 16384 are PostgreSQL's own.
    private static let fingerprint = Statement(
        "migrations.fingerprint",
        """
        SELECT encode(sha256(convert_to(concat_ws(
                ' ', $1, session_user, current_setting('server_version_num'),
                date_trunc('month', now() AT TIME ZONE 'UTC'),
                pg_has_role(session_user, to_regrole('connvo_owner'), 'USAGE'),
                pg_has_role(session_user, to_regrole('connvo_owner'), 'MEMBER'),
                ARRAY(
                    SELECT ROW (datname, datdba, datacl)::text
                    FROM pg_catalog.pg_database
                    WHERE datname = current_database()
                ),
                ARRAY(
                    SELECT role::text
                    FROM pg_catalog.pg_roles AS role
                    WHERE rolname ^@ 'connvo_'
                        OR rolname = session_user
                ),
                ARRAY(
                    SELECT membership::text
                    FROM pg_catalog.pg_auth_members AS membership
                ),
                ARRAY(
                    SELECT ROW (oid, nspname, nspowner, nspacl)::text
                    FROM pg_catalog.pg_namespace
                    WHERE oid = ANY (ours.oids)
                ),
                ARRAY(
                    SELECT ROW (oid, relname, relnamespace, relkind, relispartition, relowner, relacl)::text
                    FROM pg_catalog.pg_class
                    WHERE oid >= 16384
                        AND relnamespace = ANY (ours.oids)
                ),
                ARRAY(
                    SELECT ROW (oid, proname, pronamespace, proargtypes, proowner, proacl)::text
                    FROM pg_catalog.pg_proc
                    WHERE oid >= 16384
                        AND pronamespace = ANY (ours.oids)
                )
            ), 'UTF8')), 'hex')
        FROM (VALUES (ARRAY[to_regnamespace('connvo')::oid, to_regnamespace('reporting')::oid])) AS ours (oids)
        """,
        parameters: [.text]
    )
}
