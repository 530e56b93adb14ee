import Foundation
import TestSupport
import Testing

/// `connvo-server maintain`, and what it calls, killed at random moments.
@Suite struct MaintainKillTests {
    private static let months = 12
    private static let recordsOfMonth = 2000

    /// What holds at every moment: a month is attached or detached as a whole, with all of its records, or it was dropped as
    /// retention says.
    private static func check(_ database: TestDatabase, keepMonths: Int) throws {
        let broken = try database.scalar(
            """
            SELECT string_agg(month.name, ' ')
            FROM expected AS month
            WHERE coalesce(
                CASE
                    WHEN to_regclass('connvo.' || month.name) IS NOT NULL THEN
                        (xpath('/row/n/text()', query_to_xml('SELECT count(*) AS n FROM connvo.' || month.name, false, true, '')))
                        [1]::text = '\(recordsOfMonth)'
                        AND (month.name IN (SELECT partition_name FROM connvo.partitions())) = NOT EXISTS (
                            SELECT 1 FROM connvo.partition_detachments AS noted
                            WHERE noted.partition_name = month.name AND attached_at IS NULL AND dropped_at IS NULL
                        )
                    ELSE month.starts_at < date_trunc('month', now(), 'UTC') - interval '\(keepMonths) months'
                        AND EXISTS (
                            SELECT 1 FROM connvo.partition_detachments AS noted
                            WHERE noted.partition_name = month.name AND dropped_at >= detached_at + interval '7 days'
                        )
                END,
                false
            ) IS FALSE
            """
        )
        #expect(broken == nil, "\(broken ?? "")")
        #expect(try database.scalar("SELECT count(*) FROM reporting.partition_faults_v1") == "0")
        #expect(
            try database.scalar("SELECT sum(refusals) FROM reporting.refusals_hourly_v1")
                == "\(months * recordsOfMonth)"
        )
    }

    @Test(.timeLimit(.minutes(3)))
    func `twenty kills lose no record, and the next run ends well`() async throws {
        try await withDatabase { database in
            let login = "connvo_cron_\(database.name)"
            let settings = [
                "DATABASE_ADMIN_URL": "postgresql://\(login)@/\(database.name)", "RECORD_RETENTION_MONTHS": "3",
            ]
            try await onOwnThread {
                try database.run(
                    """
                    CREATE ROLE \(login) LOGIN IN ROLE connvo_maintainer;
                    SET ROLE connvo_owner;
                    SELECT connvo.create_partition(name, (date_trunc('month', now() AT TIME ZONE 'UTC')
                        - make_interval(months => ago))::date)
                    FROM unnest(ARRAY['token_refusals', 'issued_tokens']) AS name
                    CROSS JOIN generate_series(1, \(Self.months)) AS ago;
                    SELECT connvo.rewind_rollups((now() - interval '13 months')::date);
                    RESET ROLE;
                    CREATE TABLE expected AS
                    SELECT partition_name AS name, starts_at FROM connvo.partitions()
                    WHERE record_table = 'token_refusals' AND ends_at <= date_trunc('month', now(), 'UTC');
                    INSERT INTO connvo.token_refusals
                        (id, refused_at, user_id, meeting_id, code, reason, session_id, request_id)
                    SELECT gen_random_uuid(), starts_at + n * interval '1 minute', 'user_' || n, 'meeting_one', 'FORBIDDEN',
                        'not_a_participant', 'session', 'request-1'
                    FROM expected CROSS JOIN generate_series(1, \(Self.recordsOfMonth)) AS n;
                    """
                )
            }
            defer { try? TestServer.run("DROP ROLE \(login)") }
            #expect(
                try await Binary.run("maintain", settings: settings.filter { $0.key != "RECORD_RETENTION_MONTHS" })
                    .status == 0
            )
            var generator = SeededGenerator(seed: 14)
            var (killed, round) = (0, -1)
            // A kill that comes after the end is none. A run takes from 20 ms to seconds, by what there is to do.
            while killed < 20, round < 200 {
                round += 1
                let pause = UInt32.random(in: 1000...60_000, using: &generator)
                let (number, attached) = (round, Int.random(in: 0..<9, using: &generator))
                // One of two rounds begins with months that were attached again, every fifth with some that may be dropped.
                let wasRunning = try await onOwnThread {
                    if number % 2 == 1 {
                        let terminated = Thread {
                            usleep(pause / 4)
                            try? database.run(
                                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                                    + " AND query LIKE 'SELECT connvo.attach_partition%' AND pid <> pg_backend_pid()"
                            )
                        }
                        terminated.start()
                        try? database.run(
                            """
                            SELECT connvo.attach_partition(partition_name) FROM connvo.detached_partitions(3)
                            WHERE record_table = 'token_refusals' LIMIT \(attached)
                            """
                        )
                    }
                    if number % 5 == 4 {
                        try database.run(
                            """
                            UPDATE connvo.partition_detachments SET detached_at = detached_at - interval '8 days'
                            WHERE dropped_at IS NULL AND attached_at IS NULL AND id % 11 = 0
                            """
                        )
                    }
                    let folder = try Folder()
                    let process = try LaunchedProcess(["maintain"], settings: settings, folder: folder)
                    usleep(pause)
                    let wasRunning = process.isRunning
                    process.kill()
                    // What a session is doing when its client dies is done to its end.
                    #expect(
                        waitUntil {
                            (try? database.scalar(
                                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'connvo-server/maintain'"
                                    + " AND datname = current_database()"
                            )) == "0"
                        }
                    )
                    try Self.check(database, keepMonths: 3)
                    return wasRunning
                }
                if wasRunning { killed += 1 }
            }
            #expect(killed == 20)
            let last = try await Binary.run("maintain", settings: settings)
            #expect(last.status == 0, "\(last.errors)")
            try await onOwnThread { try Self.check(database, keepMonths: 3) }
            // A raised setting attaches nothing by itself, and drops nothing either.
            try await onOwnThread {
                try database.run(
                    "UPDATE connvo.partition_detachments SET detached_at = detached_at - interval '8 days' WHERE dropped_at IS NULL"
                )
            }
            let raised = try await Binary.run(
                "maintain",
                settings: settings.merging(["RECORD_RETENTION_MONTHS": "20"]) { $1 }
            )
            #expect(raised.status == 0 && !raised.output.contains("dropped"), "\(raised.output)")
            try await onOwnThread { try Self.check(database, keepMonths: 3) }
        }
    }
}
