internal import Domain
internal import PostgreSQL

/// Sets what holds for one transaction, in the round trip that carries its BEGIN: nothing relies on session state, so a
/// pooler may stand between.
enum SettingsStatement {
    /// Planning the facts statement anew each time would cost more than running it, so one plan is kept for all values.
    /// It is made when a connection first needs it, perhaps while a month's partition is still empty, and then a
    /// sequential scan looks cheap; the table would be read row by row until autovacuum analyzes it. All our look-ups
    /// are by key: no plan of ours may scan.
    ///
    /// Row-level security would hide rows, and a user that is there would be refused as unknown. With `row_security` off
    /// a statement that it applies to fails (PostgreSQL 15 manual, 5.8).
    ///
    /// A COMMIT must mean that the record is on disk: with `synchronous_commit` off, which a role or a database may have
    /// as its default, a crash of the server loses records that it acknowledged. Its other values wait for at least the
    /// server's own disk and stay as they are (PostgreSQL 15 manual, 20.5.1).
    static let set = Statement(
        "settings",
        """
        SELECT set_config('statement_timeout', $1, true),
               set_config('lock_timeout', $2, true),
               set_config('idle_in_transaction_session_timeout', $3, true),
               set_config('plan_cache_mode', 'force_generic_plan', true),
               set_config('enable_seqscan', 'off', true),
               set_config('row_security', 'off', true),
               set_config('synchronous_commit',
                          CASE current_setting('synchronous_commit')
                              WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit')
                          END, true)
        """,
        parameters: [.text, .text, .text]
    )

    static func command(statement: Duration, lock: Duration, idleInTransaction: Duration) -> Command {
        var parameters = Parameters()
        // Without a unit they are milliseconds.
        for timeout in [statement, lock, idleInTransaction] { parameters.append(String(timeout.milliseconds)) }
        return Command(set, parameters)
    }
}
