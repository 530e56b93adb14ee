internal import PostgreSQL

/// The statements of `explain` that the endpoint does not have, and the transaction that holds them.
enum InquiryStatements {
    /// Everything is of one moment, and the server refuses to write.
    private static let begin = Statement("explain.begin", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")

    /// For `row_security` and `enable_seqscan` see ``SettingsStatement``; only a search may scan. There is no generic plan
    /// here: each statement runs once, and a plan for all values would open the partitions of every month.
    private static let settings = Statement(
        "explain.settings",
        """
        SELECT set_config('statement_timeout', $1, true),
               set_config('lock_timeout', '1s', true),
               set_config('row_security', 'off', true),
               set_config('jit', 'off', true),
               set_config('enable_seqscan', $2, true)
        """,
        parameters: [.text, .text]
    )

    /// Runs `commands` in a transaction that ends in the same round trip: nothing is held while the caller works.
    ///
    /// - Parameter isSearch: Whether no key serves them, so that they may take a while.
    static func execute(
        _ commands: [Command],
        isSearch: Bool,
        deadline: Deadline,
        on connection: inout Connection
    ) throws(DatabaseError) -> [QueryResult] {
        var parameters = Parameters()
        parameters.append(isSearch ? "20s" : "5s")
        parameters.append(isSearch ? "on" : "off")
        do {
            let results = try connection.executeTogether(
                [Command(begin), Command(settings, parameters)] + commands + [Command(.rollback)],
                deadline: deadline
            )
            return Array(results[2..<2 + commands.count])
        } catch {
            // The server has skipped the ROLLBACK.
            if connection.isOpen { _ = try? connection.execute(.rollback, deadline: .after(.seconds(5))) }
            throw error
        }
    }

    /// An id counts before an e-mail address, as ids may contain an `@`. The index of 0014 serves the second branch.
    static let user = Statement(
        "explain.user",
        """
        SELECT found.id
        FROM (
            SELECT person.id, 1 AS precedence
            FROM connvo.users person
            WHERE person.id = $1
            UNION ALL
            SELECT person.id, 2
            FROM connvo.users person
            WHERE lower(person.email COLLATE "C") = lower($1 COLLATE "C")
        ) AS found
        ORDER BY found.precedence
        LIMIT 1
        """,
        parameters: [.text]
    )

    static let context = Statement(
        "explain.context",
        """
        SELECT pg_catalog.pg_is_in_recovery(), meeting.title, organizer.email
        FROM (SELECT $1 AS meeting_id) AS request
        LEFT JOIN connvo.meetings meeting
               ON meeting.id = request.meeting_id
        LEFT JOIN connvo.users organizer
               ON organizer.id = meeting.organizer_id
        """,
        parameters: [.text]
    )

    static let subscriptions = Statement(
        "explain.subscriptions",
        """
        SELECT owned.id, owned.user_id, owned.organization_id,
               owned.tier_id, tier.is_paid, tier.rank,
               owned.status, owned.starts_at, owned.ends_at, owned.past_due_since
        FROM connvo.meetings meeting
        JOIN connvo.users organizer
          ON organizer.id = meeting.organizer_id
        CROSS JOIN LATERAL (
            (
                SELECT * FROM connvo.subscriptions subscription
                WHERE subscription.user_id = organizer.id
                ORDER BY subscription.starts_at DESC
                LIMIT \(AdmissionInquiry.subscriptionLimit)
            )
            UNION ALL
            (
                SELECT * FROM connvo.subscriptions subscription
                WHERE subscription.organization_id = organizer.organization_id
                ORDER BY subscription.starts_at DESC
                LIMIT \(AdmissionInquiry.subscriptionLimit)
            )
        ) AS owned
        JOIN connvo.subscription_tiers tier
          ON tier.id = owned.tier_id
        WHERE meeting.id = $1
        ORDER BY owned.user_id IS NULL, owned.starts_at DESC
        """,
        parameters: [.text]
    )

    /// What the quota counted at a time in the past: of a user, after `$2` and up to `$3`.
    static let requestsUpToThen = Statement(
        "explain.requests",
        """
        SELECT count(*), min(record.at)
        FROM (
            SELECT token.issued_at AS at FROM connvo.issued_tokens token
            WHERE token.user_id = $1
              AND token.issued_at > $2
              AND token.issued_at <= $3
            UNION ALL
            SELECT refusal.refused_at FROM connvo.token_refusals refusal
            WHERE refusal.user_id = $1
              AND refusal.refused_at > $2
              AND refusal.refused_at <= $3
        ) AS record
        """,
        parameters: [.text, .timestamptz, .timestamptz]
    )
}
