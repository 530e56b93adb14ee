internal import PostgreSQL

/// The SQL of ``Overview``. Parameters are the first instant of the period and the first one after it.
enum OverviewStatements {
    private static let bounds: [TypeOID] = [.timestamptz, .timestamptz]

    static let database = Statement("overview.database", "SELECT CAST(current_database() AS text)")

    static let tokens = Statement(
        "overview.tokens",
        """
        SELECT CAST(day_utc AS timestamp) AT TIME ZONE 'UTC', tier_id, CAST(sum(tokens) AS bigint)
        FROM reporting.token_issuance_daily_v1
        WHERE day_utc >= CAST($1 AT TIME ZONE 'UTC' AS date)
            AND day_utc < CAST($2 AT TIME ZONE 'UTC' AS date)
        GROUP BY day_utc, tier_id
        """,
        parameters: bounds
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

    static let hours = Statement(
        "overview.hours",
        """
        SELECT CAST(weekday_utc AS integer), CAST(hour_of_day_utc AS integer), CAST(sum(tokens) AS bigint)
        FROM reporting.token_issuance_hourly_v1
        WHERE hour_starts_at >= $1
            AND hour_starts_at < $2
        GROUP BY weekday_utc, hour_of_day_utc
        """,
        parameters: bounds
    )

    /// Each row carries the number of all meetings.
    static let meetings = Statement(
        "overview.meetings",
        """
        SELECT meeting_id,
            (array_agg(organizer_id ORDER BY last_issued_at DESC))[1],
            CAST(sum(tokens) AS bigint) AS tokens,
            max(users),
            max(last_issued_at),
            count(*) OVER ()
        FROM reporting.meeting_use_daily_v1
        WHERE day_utc >= CAST($1 AT TIME ZONE 'UTC' AS date)
            AND day_utc < CAST($2 AT TIME ZONE 'UTC' AS date)
        GROUP BY meeting_id
        ORDER BY tokens DESC, meeting_id
        LIMIT 10
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
            AND month_utc < CAST($1 AT TIME ZONE 'UTC' AS date)
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

    /// Tokens in all.
    static let total = Statement(
        "overview.total",
        """
        SELECT CAST(coalesce(sum(tokens), 0) AS bigint)
        FROM reporting.token_issuance_hourly_v1
        WHERE hour_starts_at >= $1
            AND hour_starts_at < $2
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
