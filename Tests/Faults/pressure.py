"""F14 to F18: PostgreSQL has no slot, no lock, no time, no room."""

import subprocess
import time

import processes
from database import tokens_within
from processes import run as execute
from scenario import fault


@fault("F14", "every slot of PostgreSQL taken but the pool's; then those, too")
def no_slots(run):
    cluster = run.make_cluster(max_connections=20)
    cluster.query("CREATE ROLE other LOGIN")
    run.serve()
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    others = Others(run, cluster)
    began = time.monotonic()
    others.take_all()
    # The look at the database loses its session, and another application takes the slot.
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'connvo_server'"
    cluster.query(f"{end} AND query ILIKE '%clock_timestamp%'")
    others.take_all()
    time.sleep(4)
    ended = time.monotonic()
    run.must("ready while it serves", run.server.is_ready(), run.server.obstacles())
    # Now the pool's, as far as others are faster.
    run.began()
    cluster.query(end)
    others.take_all()
    time.sleep(3)
    others.release()
    run.over()
    time.sleep(4)
    load.finish()
    run.at_least("tokens while only the pool has slots", tokens_within(load, began + 0.5, ended), 99.9, "%")


class Others:
    """Another application, which takes every slot that it gets."""

    def __init__(self, run, cluster):
        self.cluster, self.sessions = cluster, []
        run.after(self.release)

    def take_all(self):
        command = [*self.cluster.psql()[:-3], "other", "--dbname", "connvo"]
        while True:
            session = processes.start(
                *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            session.stdin.write("SELECT 1;\n")
            session.stdin.flush()
            if session.stdout.readline().strip() != "1":
                processes.end(session)
                return
            self.sessions.append(session)

    def release(self):
        for session in self.sessions:
            processes.end(session)
        self.sessions = []


@fault("F15", "the pool used up: a lock on the records held for 6 seconds", quick=True)
def pool_used_up(run):
    run.serve()
    load = run.load(rate=300, connections=64)
    time.sleep(1)
    with run.cluster.session() as session:
        session.send("BEGIN")
        session.query("LOCK TABLE connvo.issued_tokens IN SHARE MODE; SELECT 1")
        run.began()
        queue = 0
        for _ in range(12):
            time.sleep(0.5)
            queue = max(queue, run.server.metric("connvo_queue_length"))
        session.query("COMMIT; SELECT 1")
        run.over()
    time.sleep(4)
    load.finish()
    run.at_least("longest queue in the metric", queue, 1)
    blocked = [r for r in load.requests if run.windows[0].began + 1 < r.due < run.windows[0].over - 1]
    # A second in the queue, and lock_timeout, a second, in PostgreSQL.
    run.at_most("slowest refusal", max((r.seconds for r in blocked), default=0), 2.25, "s")


@fault("F16", "a table locked for 5 seconds; COMMIT that takes 8")
def slow_statements(run):
    run.serve()
    cluster = run.cluster
    load = run.load(rate=200, connections=48)
    time.sleep(1)
    with cluster.session() as session:
        session.send("BEGIN")
        session.query("LOCK TABLE connvo.meetings IN ACCESS EXCLUSIVE MODE; SELECT 1")
        run.began()
        time.sleep(5)
        session.query("COMMIT; SELECT 1")
        run.over()
    time.sleep(3)
    cluster.query("""
        CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_sleep(8); RETURN NULL; END $$;
        GRANT EXECUTE ON FUNCTION public.wait() TO PUBLIC;
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON connvo.issued_tokens DEFERRABLE INITIALLY DEFERRED
            FOR EACH ROW EXECUTE FUNCTION public.wait()""")
    run.began(is_outage=True)
    time.sleep(7)
    orphans = cluster.backends("state = 'active' AND xact_start < clock_timestamp() - interval '6.2 s'")
    with cluster.session() as session:
        session.query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'connvo_server' "
                      "AND state = 'active'")
        session.query("DROP TRIGGER wait ON connvo.issued_tokens; SELECT 1")
    run.over()
    time.sleep(4)
    load.finish()
    run.none_of("transactions that run a second after their callers were answered", orphans)


@fault("F17", "deadlocks and serialization failures")
def collisions(run):
    cluster = run.make_cluster(deadlock_timeout="100ms")
    run.serve()
    load = run.load(rate=200, connections=32)
    time.sleep(1)
    began = time.monotonic()
    run.began()
    for _ in range(8):
        with cluster.session() as session:
            session.send("BEGIN; SET LOCAL lock_timeout = '2s'")
            session.query("LOCK TABLE connvo.issued_tokens IN SHARE MODE; SELECT 1")
            time.sleep(0.05)
            session.query("LOCK TABLE connvo.meetings IN ACCESS EXCLUSIVE MODE; SELECT 1")
            session.query("COMMIT; SELECT 1")
        time.sleep(0.4)
    cluster.query("""
        CREATE FUNCTION public.collide() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN IF random() < 0.2 THEN RAISE EXCEPTION 'a collision' USING ERRCODE = '40001'; END IF; RETURN NULL; END $$;
        GRANT EXECUTE ON FUNCTION public.collide() TO PUBLIC;
        CREATE TRIGGER collide AFTER INSERT ON connvo.issued_tokens FOR EACH STATEMENT EXECUTE FUNCTION public.collide()""")
    time.sleep(5)
    cluster.query("DROP TRIGGER collide ON connvo.issued_tokens")
    run.over()
    ended = time.monotonic()
    time.sleep(3)
    load.finish()
    deadlocks = int(cluster.query("SELECT deadlocks FROM pg_stat_database WHERE datname = 'connvo'"))
    run.at_least("deadlocks", deadlocks, 1)
    run.at_least("requests with a token", tokens_within(load, began, ended), 98, "%")


@fault("F18", "the disk is full, for 4 seconds", quick=True, needs_root=True)
def disk_full(run):
    folder = run.folder / "small"
    folder.mkdir()
    execute("mount", "-t", "tmpfs", "-o", "size=200m,mode=711", "tmpfs", folder)
    run.after(lambda: execute("umount", "--lazy", folder))
    cluster = run.make_cluster(folder=folder, start=False)
    # Without room for the log PostgreSQL ends (PANIC): that is F05. Here only tables find no room.
    wal = run.folder / "wal"
    execute("cp", "--archive", cluster.data / "pg_wal", wal)
    execute("rm", "-r", cluster.data / "pg_wal")
    (cluster.data / "pg_wal").symlink_to(wal)
    cluster.start()
    run.serve()
    load = run.load(rate=400, connections=32)
    time.sleep(1)
    filler = folder / "filler"
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=64k"], stderr=subprocess.DEVNULL, timeout=60)
    # Pages with room are filled first.
    processes.wait_until(lambda: "No space left" in cluster.log.read_text(), 10, "PostgreSQL finds no room")
    run.began(is_outage=True)
    time.sleep(4)
    filler.unlink()
    run.over()
    time.sleep(4)
    load.finish()
    run.note("tokens meanwhile", f"{tokens_within(load, run.windows[0].began, run.windows[0].over):.0f} %")
