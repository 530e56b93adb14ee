internal import PostgreSQL

/// The SQL of ``Maintainer``, beside what it shares with the monitor and the migrator.
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

    /// From when on rollups are behind; NULL, or no row, when the next whole hour is not over yet.
    static let rollupsDue = Statement(
        "maintain.rollups_due",
        """
        SELECT rolled_up_until
        FROM connvo.rollup_state
        WHERE rolled_up_until < date_trunc('hour', now() - interval '10 minutes', 'UTC')
        """
    )

    /// The server quotes the names.
    static let expired = Statement(
        "maintain.expired",
        """
        SELECT partition_name,
            is_detach_pending,
            format(
                'ALTER TABLE connvo.%I DETACH PARTITION connvo.%I %s',
                record_table, partition_name, CASE WHEN is_detach_pending THEN 'FINALIZE' ELSE 'CONCURRENTLY' END
            )
        FROM connvo.expired_partitions($1)
        ORDER BY is_detach_pending DESC, starts_at, record_table
        """,
        parameters: [.int4]
    )

    static let noteDetach = Statement("maintain.note_detach", "SELECT connvo.note_detach($1)", parameters: [.text])

    static let detached = Statement(
        "maintain.detached",
        "SELECT partition_name, drop_after, is_due FROM connvo.detached_partitions()"
    )

    static let dropDetached = Statement(
        "maintain.drop_detached",
        "SELECT connvo.drop_detached_partition($1)",
        parameters: [.text]
    )
}
