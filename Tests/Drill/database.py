"""Faults of the database."""

import os
import signal
import time

from drill import Drill


class DatabaseStopped(Drill):
    """PostgreSQL is stopped, and started again."""

    name = "database-stopped"
    alerts = ("ConnvoDatabaseAway",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast", "ConnvoLatencyBurnFast")

    def begin(self):
        self.cluster.stop(signal.SIGINT)

    def end(self):
        self.cluster.start()


class PartitionMissing(Drill):
    """The partition of the next month is detached by hand, and the server may not make another one."""

    name = "missing-partition"
    alerts = ("ConnvoPartitionMissing",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast")

    def begin(self):
        self.cluster.query("""
            REVOKE EXECUTE ON FUNCTION connvo.ensure_partitions() FROM connvo_app;
            DO $$
            DECLARE
                partition regclass;
            BEGIN
                SELECT relation INTO STRICT partition FROM connvo.partitions()
                WHERE record_table = 'issued_tokens'
                    AND starts_at = (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
                EXECUTE format('ALTER TABLE connvo.issued_tokens DETACH PARTITION %s', partition);
                EXECUTE format('ALTER TABLE %s RENAME TO detached_by_the_drill', partition);
            END $$""")

    def end(self):
        self.kit.connvo("maintain", self.cluster)
        self.cluster.query("GRANT EXECUTE ON FUNCTION connvo.ensure_partitions() TO connvo_app")


class QueueFull(Drill):
    """A session keeps a lock that every record needs."""

    name = "queue-full"
    alerts = ("ConnvoQueueFull",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast", "ConnvoLatencyBurnFast", "ConnvoCommitNotAcknowledged")
    rate = 100
    connections = 256

    def begin(self):
        self.blocker = self.cluster.psql()
        self.blocker.stdin.write("BEGIN; LOCK TABLE connvo.issued_tokens IN SHARE MODE; SELECT 'locked';\n")
        self.blocker.stdin.flush()
        if self.blocker.stdout.readline().strip() != "locked":
            raise RuntimeError("the lock was not given")

    def end(self):
        self.blocker.communicate("ROLLBACK;\n", timeout=30)

    def tear_down(self):
        if hasattr(self, "blocker"):
            self.blocker.kill()
            self.blocker.wait(30)


class StandbyHanging(Drill):
    """The synchronous standby is stopped in its tracks: every COMMIT waits for it."""

    name = "standby-hanging"
    alerts = ("ConnvoCommitNotAcknowledged",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast", "ConnvoLatencyBurnFast", "ConnvoQueueFull")
    standby = None

    def set_up(self):
        self.cluster.start()
        self.standby = self.cluster.standby(self.folder / "standby", "s1")
        self.standby.start()
        self.cluster.query("ALTER SYSTEM SET synchronous_standby_names = 's1'")
        self.cluster.query("SELECT pg_reload_conf()")
        deadline = time.monotonic() + 30
        while self.cluster.query("SELECT sync_state FROM pg_stat_replication") != "sync":
            if time.monotonic() > deadline:
                raise RuntimeError("the standby is not synchronous")
            self.pause(0.1)

    def signal(self, number):
        """To the postmaster of the standby and its children."""
        children = self.kit.children(self.standby.process.pid)
        for process in [self.standby.process.pid, *children]:
            os.kill(process, number)

    def begin(self):
        self.signal(signal.SIGSTOP)

    def end(self):
        self.signal(signal.SIGCONT)

    def tear_down(self):
        if self.standby is not None and self.standby.process is not None:
            self.signal(signal.SIGCONT)
            self.standby.stop()


DRILLS = [DatabaseStopped, StandbyHanging, QueueFull, PartitionMissing]
