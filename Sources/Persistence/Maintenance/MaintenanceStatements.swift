internal import PostgreSQL

/// The SQL of ``Maintainer``, beside what it shares with the monitor and the migrator.
///
/// Everything is a function that runs with the rights of the owner, so that a login with no other rights is enough.
enum MaintenanceStatements {
    /// Those that `connvo.ensure_partitions` would make.
    static let missingPartitions = Statement(
        "maintain.missing_partitions",
        "SELECT record_table || to_char(month, '_YYYY_MM') FROM connvo.missing_partitions(2)"
    )

    static let refreshRollups = Statement(
        "maintain.refresh_rollups",
        "SELECT rolled_up_from, rolled_up_until, is_current FROM connvo.refresh_rollups()"
    )

    static let countRecordFaults = Statement(
        "maintain.record_faults",
        "SELECT connvo.count_record_faults($1, $2)",
        parameters: [.timestamptz, .timestamptz]
    )

    /// From when on rollups are behind; NULL when the next whole hour is not over yet.
    static let rollupsDue = Statement("maintain.rollups_due", "SELECT connvo.rollups_due()")

    /// The months in which rollups and records disagree, from one month on; NULL compares all.
    static let differingMonths = Statement(
        "maintain.differing_months",
        """
        SELECT CAST(month AS timestamp) AT TIME ZONE 'UTC', count(*)
        FROM (
            SELECT CAST(date_trunc('month', starts_at AT TIME ZONE 'UTC') AS date) AS month
            FROM connvo.rollup_differences(
                CASE WHEN NOT $1 THEN CAST(now() AT TIME ZONE 'UTC' - interval '1 month' AS date) END
            )
        ) AS differing
        GROUP BY month
        ORDER BY month
        """,
        parameters: [.bool]
    )

    static let recompute = Statement(
        "maintain.recompute_rollups",
        "SELECT connvo.recompute_rollups(CAST($1 AT TIME ZONE 'UTC' AS date))",
        parameters: [.timestamptz]
    )

    static let expired = Statement(
        "maintain.expired",
        """
        SELECT partition_name, is_detach_pending
        FROM connvo.expired_partitions($1)
        ORDER BY is_detach_pending DESC, starts_at, record_table
        """,
        parameters: [.int4]
    )

    static let noteAttachments = Statement(
        "maintain.note_attachments",
        "SELECT partition_name, is_altered FROM connvo.note_attachments()"
    )

    static let detach = Statement(
        "maintain.detach",
        "SELECT is_detached, held_by, records, checksum FROM connvo.detach_partition($1, $2)",
        parameters: [.text, .int4]
    )

    static let finishDetach = Statement(
        "maintain.finish_detach",
        "SELECT is_detached, held_by FROM connvo.finish_detach($1)",
        parameters: [.text]
    )

    static let detached = Statement(
        "maintain.detached",
        "SELECT partition_name, drop_after, is_kept, is_due FROM connvo.detached_partitions($1)",
        parameters: [.int4]
    )

    static let dropDetached = Statement(
        "maintain.drop_detached",
        "SELECT is_dropped, held_by FROM connvo.drop_detached_partition($1, $2)",
        parameters: [.text, .int4]
    )
}
