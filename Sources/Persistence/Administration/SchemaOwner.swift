internal import PostgreSQL

/// The role `connvo_owner`, which owns the schema: migrations and maintenance run as this role where the login may.
enum SchemaOwner {
    /// For the statements of this file, which are short.
    private static let timeout: Duration = .seconds(30)

    /// Whether the login is to become connvo_owner: the role owns the schema, and the login is no superuser, is not the
    /// role itself, and may become it.
    static func shouldBecome(on connection: inout Connection) throws(DatabaseError) -> Bool {
        try connection.execute(shouldBecome, deadline: .after(timeout)).onlyRow.decode(0)
    }

    /// Runs `body` as connvo_owner if `becomesOwner` is true, and as the login otherwise.
    static func run<Value, Failure: DatabaseStepError>(
        if becomesOwner: Bool,
        on connection: inout Connection,
        _ body: (inout Connection) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard becomesOwner else { return try body(&connection) }
        try Failure.step("becoming connvo_owner") { () throws(DatabaseError) in
            _ = try connection.execute(become, deadline: .after(timeout))
        }
        defer {
            // A connection that is not idle is about to be closed.
            if connection.isIdle { _ = try? connection.execute(becomeLogin, deadline: .after(timeout)) }
        }
        return try body(&connection)
    }

    /// Within the body of ``run(if:on:_:)``: runs `body` as the login.
    static func suspend<Value, Failure: DatabaseStepError>(
        if becomesOwner: Bool,
        on connection: inout Connection,
        _ body: (inout Connection) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        guard becomesOwner else { return try body(&connection) }
        try Failure.step("becoming the login") { () throws(DatabaseError) in
            _ = try connection.execute(becomeLogin, deadline: .after(timeout))
        }
        let value = try body(&connection)
        try Failure.step("becoming connvo_owner") { () throws(DatabaseError) in
            _ = try connection.execute(become, deadline: .after(timeout))
        }
        return value
    }
}

// MARK: - SQL

extension SchemaOwner {
    private static let shouldBecome = Statement(
        "migrations.should_become_owner",
        """
        SELECT EXISTS (
            SELECT 1
            FROM pg_catalog.pg_namespace AS schema
            WHERE schema.nspname = 'connvo'
                AND schema.nspowner = to_regrole('connvo_owner')
                AND session_user <> 'connvo_owner'
                AND current_setting('is_superuser') = 'off'
                -- PostgreSQL 16 tells apart being a member and being allowed SET ROLE.
                AND pg_has_role(
                    session_user, schema.nspowner,
                    CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
                )
        )
        """
    )

    static let become = Statement("migrations.become_owner", "SET ROLE connvo_owner")

    static let becomeLogin = Statement("migrations.become_login", "RESET ROLE")
}
