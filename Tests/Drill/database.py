"""Faults of the database."""

import signal

from cluster import Cluster
from drill import Drill
from processes import Failure, wait_until

# The next month's partition of the tokens, under a name that is in the way of no other one.
DETACH = """
DO $$
DECLARE
    partition regclass;
BEGIN
    SELECT relation INTO STRICT partition FROM connvo.partitions()
    WHERE record_table = 'issued_tokens'
        AND starts_at = (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    EXECUTE format('ALTER TABLE connvo.issued_tokens DETACH PARTITION %s', partition);
    EXECUTE format('ALTER TABLE %s RENAME TO detached_by_the_drill', partition);
END $$
"""


class DatabaseStopped(Drill):
    """PostgreSQL is stopped, and started again."""

    name = "database-stopped"
    alerts = ("ConnvoDatabaseAway",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast", "ConnvoLatencyBurnFast")

    def begin(self):
        self.cluster.stop("fast")

    def end(self):
        self.cluster.start()


class PartitionMissing(Drill):
    """The partition of the next month is detached by hand, and the server may not make another one."""

    name = "missing-partition"
    alerts = ("ConnvoPartitionMissing",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast")

    def begin(self):
        self.cluster.query("REVOKE EXECUTE ON FUNCTION connvo.ensure_partitions() FROM connvo_app")
        self.cluster.query(DETACH)

    def end(self):
        self.cluster.connvo(self.kit.binary, "maintain")
        self.cluster.query("GRANT EXECUTE ON FUNCTION connvo.ensure_partitions() TO connvo_app")


class QueueFull(Drill):
    """Each record takes 30 ms, so that most requests cannot be decided."""

    name = "queue-full"
    alerts = ("ConnvoQueueFull",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast", "ConnvoLatencyBurnFast", "ConnvoCommitNotAcknowledged")
    rate = 400
    connections = 256

    def begin(self):
        self.cluster.query(
            "CREATE FUNCTION public.be_slow() RETURNS trigger LANGUAGE plpgsql"
            " AS $$ BEGIN PERFORM pg_sleep(0.03); RETURN NEW; END $$;"
            " CREATE TRIGGER slow BEFORE INSERT ON connvo.issued_tokens FOR EACH ROW EXECUTE FUNCTION public.be_slow()")

    def end(self):
        self.cluster.query("DROP TRIGGER slow ON connvo.issued_tokens; DROP FUNCTION public.be_slow()")


class StandbyHanging(Drill):
    """The synchronous standby is stopped in its tracks: every COMMIT waits for it."""

    name = "standby-hanging"
    alerts = ("ConnvoCommitNotAcknowledged",)
    follow = ("ConnvoNoInstanceReady", "ConnvoAvailabilityBurnFast", "ConnvoLatencyBurnFast", "ConnvoQueueFull")

    def set_up(self):
        self.cluster.start()
        self.standby = Cluster(self.folder / "standby")
        self.standby.program(
            "pg_basebackup", "--host", self.cluster.folder, "--username", "postgres", "--pgdata", self.standby.data,
            "--checkpoint", "fast", "--no-sync")
        self.standby.touch("standby.signal")
        self.standby.start(primary_conninfo=f"host={self.cluster.folder} user=postgres application_name=s1")
        self.stack.callback(self.standby.stop, "immediate")
        self.cluster.query("ALTER SYSTEM SET synchronous_standby_names = 's1'")
        self.cluster.query("SELECT pg_reload_conf()")
        wait_until(
            lambda: self.cluster.query("SELECT sync_state FROM pg_stat_replication") == "sync", 30, "the standby is synchronous")

    def begin(self):
        # When the drill ends early it must be able to end.
        self.stack.callback(self.standby.send_signal, signal.SIGCONT)
        self.standby.send_signal(signal.SIGSTOP)

    def end(self):
        self.standby.send_signal(signal.SIGCONT)


DRILLS = [DatabaseStopped, StandbyHanging, QueueFull, PartitionMissing]
