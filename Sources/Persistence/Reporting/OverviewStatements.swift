internal import PostgreSQL

/// The SQL of ``Overview``. Parameters are the first instant of the period and the first one after it.
enum OverviewStatements {
    private static let bounds: [TypeOID] = [.timestamptz, .timestamptz]

    static let database = Statement("overview.database", "SELECT CAST(current_database() AS text)")

    /// Memory for groups: where rollups are stale there are as many as records have users and months. A limit that is higher
    /// stays.
    static let settings = Statement(
        "overview.settings",
        """
        SELECT set_config('work_mem', '32MB', true)
        WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes('32MB')
        """
    )

    /// Leaves out of the tails what was recorded before a midnight of UTC: the statements that follow ask for nothing of it.
    /// Where rollups are stale, they need not read it (migration 0018).
    static let beginTails = Statement(
        "overview.begin_tails",
        """
        SELECT set_config('connvo.report_from', to_char($1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'), true)
        """,
        parameters: [.timestamptz]
    )

    /// The same for ``months``, which begin before the period.
    static let beginTailsOfMonths = Statement(
        "overview.begin_tails_of_months",
        """
        SELECT set_config(
            'connvo.report_from',
            to_char(date_trunc('month', $1 AT TIME ZONE 'UTC') - interval '6 months', 'YYYY-MM-DD HH24:MI:SS"Z"'),
            true
        )
        """,
        parameters: [.timestamptz]
    )

    /// Tokens by day and tier, by hour of the week, and in all: one reading of the hours for all three.
    ///
    /// A row has either a day and a tier, or a weekday and an hour, or none of them. Only the last kind counts what lies
    /// before the period. Further parameters: the first instant to read; the end of the hours that are compared; and that
    /// end as long before as the period lasts.
    static let tokens = Statement(
        "overview.tokens",
        """
        SELECT date_trunc('day', hour_starts_at, 'UTC') AS day,
            tier_id,
            weekday_utc,
            hour_of_day_utc,
            CAST(coalesce(sum(tokens) FILTER (WHERE hour_starts_at >= $1), 0) AS bigint),
            CAST(coalesce(sum(tokens) FILTER (WHERE hour_starts_at >= $1 AND hour_starts_at < $4), 0) AS bigint),
            CAST(coalesce(sum(tokens) FILTER (WHERE hour_starts_at < $5), 0) AS bigint)
        FROM reporting.token_issuance_hourly_v1
        WHERE hour_starts_at >= $3
            AND hour_starts_at < ANY (ARRAY[$2])
        GROUP BY GROUPING SETS ((day, tier_id), (weekday_utc, hour_of_day_utc), ())
        """,
        parameters: bounds + bounds + [.timestamptz]
    )

    static let refusals = Statement(
        "overview.refusals",
        """
        SELECT date_trunc('day', hour_starts_at, 'UTC'), reason, CAST(sum(refusals) AS bigint)
        FROM reporting.refusals_hourly_v1
        WHERE hour_starts_at >= $1
            AND hour_starts_at < $2
        GROUP BY 1, reason
        """,
        parameters: bounds
    )

    static let peaks = Statement(
        "overview.peaks",
        """
        SELECT CAST(day_utc AS timestamp) AT TIME ZONE 'UTC', CAST(peak_tokens AS bigint)
        FROM reporting.concurrent_tokens_daily_v1
        WHERE day_utc >= CAST($1 AT TIME ZONE 'UTC' AS date)
            AND day_utc < CAST($2 AT TIME ZONE 'UTC' AS date)
        """,
        parameters: bounds
    )

    /// Each row carries the number of all meetings.
    ///
    /// Users are counted for the ten meetings only: to count different users of every meeting takes several times as long.
    static let meetings = Statement(
        "overview.meetings",
        """
        WITH top AS MATERIALIZED (
            SELECT meeting_id, CAST(sum(tokens) AS bigint) AS tokens, count(*) OVER () AS meetings
            FROM reporting.meeting_use_daily_v1
            WHERE day_utc >= CAST($1 AT TIME ZONE 'UTC' AS date)
                AND day_utc < ANY (ARRAY[CAST($2 AT TIME ZONE 'UTC' AS date)])
            GROUP BY meeting_id
            ORDER BY tokens DESC, meeting_id
            LIMIT 10
        )
        SELECT top.meeting_id,
            (array_agg(daily.organizer_id ORDER BY daily.last_issued_at DESC))[1],
            top.tokens,
            max(daily.users),
            max(daily.last_issued_at),
            top.meetings
        FROM reporting.meeting_use_daily_v1 AS daily
        JOIN top
            ON top.meeting_id = daily.meeting_id
        WHERE daily.meeting_id = ANY (ARRAY(SELECT top.meeting_id FROM top))
            AND daily.day_utc >= CAST($1 AT TIME ZONE 'UTC' AS date)
            AND daily.day_utc < CAST($2 AT TIME ZONE 'UTC' AS date)
        GROUP BY top.meeting_id, top.tokens, top.meetings
        ORDER BY top.tokens DESC, top.meeting_id
        """,
        parameters: bounds
    )

    /// Each row carries the number of all meetings.
    static let live = Statement(
        "overview.live",
        """
        WITH live AS (
            SELECT meeting_id, granted_role, tokens
            FROM reporting.live_tokens_v1
        )
        SELECT granted_role,
            CAST(sum(tokens) AS bigint) AS tokens,
            (SELECT count(DISTINCT meeting_id) FROM live)
        FROM live
        GROUP BY granted_role
        ORDER BY tokens DESC, granted_role
        """
    )

    static let months = Statement(
        "overview.months",
        """
        SELECT CAST(month_utc AS timestamp) AT TIME ZONE 'UTC', tier_id, users
        FROM reporting.active_users_monthly_v1
        WHERE month_utc > CAST($1 AT TIME ZONE 'UTC' AS date) - interval '6 months'
            AND month_utc < ANY (ARRAY[CAST($1 AT TIME ZONE 'UTC' AS date)])
        ORDER BY month_utc, users DESC, tier_id
        """,
        parameters: [.timestamptz]
    )

    /// The view's grain is a month: those that the period touches.
    static let paywall = Statement(
        "overview.paywall",
        """
        SELECT organizer_id, CAST(sum(refusals) AS bigint) AS refusals, bool_or(pays_now)
        FROM reporting.paywall_monthly_v1
        WHERE month_utc >= CAST(date_trunc('month', $1 AT TIME ZONE 'UTC') AS date)
            AND month_utc < CAST($2 AT TIME ZONE 'UTC' AS date)
        GROUP BY organizer_id
        ORDER BY refusals DESC, organizer_id
        LIMIT 8
        """,
        parameters: bounds
    )

    /// How many rows a control has, and when the first was. Nil for a report without a period.
    static func count(of control: Report) -> Statement? {
        guard let period = control.period, period.grain == .instant else { return nil }
        return Statement(
            "overview.\(control.name)",
            """
            SELECT count(*), min(\(period.column))
            FROM \(control.view)
            WHERE \(period.column) >= $1
                AND \(period.column) < $2
            """,
            parameters: bounds
        )
    }
}
