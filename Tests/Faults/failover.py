"""F07 and F09: two real servers with streaming replication."""

import os
import signal
import time

import processes
from invariants import POOL
from processes import Failure, run as execute, wait_until
from proxy import Proxy
from scenario import fault

# Failover has three seconds, from the promotion on.
LIMIT = 3.0


def replicate(run, synchronous, primary_address="127.0.0.1", standby_address="127.0.0.1", prefix=(),
              behind=None, **settings):
    """A primary and a streaming standby on TCP. Returns both; the standby streams already, `behind` a proxy."""
    ports = processes.free_port(), processes.free_port()
    primary = run.make_cluster("a", start=False)
    primary.prefix = prefix
    ranges = ("127.0.0.0/8", "10.117.0.0/16")
    lines = [f"{kind} trust" for kind in ("local all all", "local replication all")]
    lines += [f"host {database} all {addresses} trust" for database in ("all", "replication") for addresses in ranges]
    (primary.data / "pg_hba.conf").write_text("\n".join(lines) + "\n")
    primary.start(listen_addresses=primary_address, port=ports[0], wal_keep_size="256MB", max_wal_senders=5, **settings)
    standby = type(primary)(run.folder / "b", listen_addresses=standby_address, port=ports[1], **settings)
    run.clusters.append(standby)
    standby.program(
        "pg_basebackup", "--host", primary.folder, "--port", ports[0], "--username", "postgres",
        "--pgdata", standby.data, "--checkpoint", "fast", "--wal-method", "stream")
    standby.touch("standby.signal")
    source = ports[0]
    if behind:
        behind.link = Proxy((primary_address, ports[0]))
        behind.after(behind.link.close)
        source = behind.link.port
    conninfo = f"host={primary_address} port={source} user=postgres application_name=standby"
    standby.start(primary_conninfo=conninfo)
    if synchronous:
        primary.query("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        primary.query("SELECT pg_reload_conf()")
        standby.query("ALTER SYSTEM SET synchronous_standby_names = ''")
    state = "sync" if synchronous else "async"
    replication = "SELECT sync_state FROM pg_stat_replication"
    wait_until(lambda: primary.query(replication) == state, 20, f"the standby is {state}")
    return primary, standby


def url_of(*hosts):
    """The URL that names both servers, as docs/failover.md says."""
    names = ",".join(f"{host}:{cluster.port}" for host, cluster in hosts)
    return f"postgresql://connvo_server@{names}/connvo?sslmode=disable"


def promote(standby):
    standby.query("SELECT pg_promote(true)", timeout=60)
    wait_until(lambda: standby.query("SELECT pg_is_in_recovery()") == "f", 20, "the standby is promoted")
    return time.monotonic()


def killed_primary(run, synchronous):
    primary, standby = replicate(run, synchronous, behind=None if synchronous else run)
    run.serve(url_of(("127.0.0.1", primary), ("127.0.0.1", standby)))
    load = run.load(rate=500, connections=48)
    time.sleep(2)
    if not synchronous:
        # What an asynchronous standby has not received yet is lost with the primary.
        run.link.swallows = True
        time.sleep(0.5)
    run.began(limit=LIMIT)
    primary.stop("crash")
    time.sleep(1)
    run.over(promote(standby))
    run.cluster = standby
    time.sleep(4.5)
    # The old primary comes back as a standby of the new one: read-only, and first in the list.
    returns = time.monotonic()
    primary.touch("standby.signal")
    primary.settings["primary_conninfo"] = f"host=127.0.0.1 port={standby.port} user=postgres"
    primary.start()
    time.sleep(3)
    load.finish()
    failed = sum(not request.is_token for request in load.requests if request.due > returns)
    run.none_of("failed after the old primary came back read-only", failed)


@fault("F07", "failover: the primary killed, a synchronous standby promoted, the old primary back", quick=True)
def failover_synchronous(run):
    killed_primary(run, synchronous=True)


@fault("F07b", "failover: the primary killed, an asynchronous standby promoted; what is lost is said")
def failover_asynchronous(run):
    run.may_lose = True
    killed_primary(run, synchronous=False)


@fault("F07c", "failover: the primary's packets vanish (no reset), a synchronous standby is promoted", needs_root=True)
def failover_vanished(run):
    # The primary's address is reached through a network namespace of its own, whose link is taken down.
    name, number = f"connvo{os.getpid() % 10000}", os.getpid() % 250
    here, there = f"10.117.{number}.1", f"10.117.{number}.2"
    execute("ip", "netns", "add", name)
    run.after(lambda: execute("ip", "netns", "delete", name))
    execute("ip", "link", "add", f"{name}a", "type", "veth", "peer", "name", f"{name}b", "netns", name)
    run.after(lambda: execute("ip", "link", "delete", f"{name}a"))
    execute("ip", "address", "add", f"{here}/24", "dev", f"{name}a")
    execute("ip", "link", "set", f"{name}a", "up")
    inside = ["ip", "netns", "exec", name]
    execute(*inside, "ip", "address", "add", f"{there}/24", "dev", f"{name}b")
    execute(*inside, "ip", "link", "set", f"{name}b", "up")
    execute(*inside, "ip", "link", "set", "lo", "up")
    primary, standby = replicate(run, True, there, here, prefix=inside)
    run.serve(url_of((there, primary), (here, standby)))
    load = run.load(rate=500, connections=64)
    time.sleep(2)
    # Every packet is dropped without a word: from here on the peer's address gets no answer, not even to ARP.
    execute(*inside, "ip", "link", "set", f"{name}b", "down")
    run.began(limit=LIMIT, is_outage=True)
    time.sleep(3)
    run.over(promote(standby))
    run.cluster = standby
    time.sleep(5)
    load.finish()


@fault("F09", "the synchronous standby hangs for 15 seconds: COMMIT waits")
def hanging_standby(run):
    primary, standby = replicate(run, synchronous=True, max_connections=40)
    run.serve(url_of(("127.0.0.1", primary)))
    load = run.load(rate=300, connections=64)
    time.sleep(1)
    standby.send_signal(signal.SIGSTOP)
    run.began(is_outage=True)
    sessions, room = 0, True
    for _ in range(15):
        time.sleep(1)
        sessions = max(sessions, primary.backends())
        try:
            primary.query("SELECT 1", timeout=5)
        except Failure:
            room = False
    standby.send_signal(signal.SIGCONT)
    run.over()
    time.sleep(4)
    load.finish()
    meanwhile = [r for r in load.requests if run.windows[0].began < r.began and 0 < r.ended < run.windows[0].over]
    run.none_of("tokens while COMMIT waits", sum(r.is_token for r in meanwhile))
    # The pool, and the one that looks whether COMMITs are acknowledged, or the look at the database.
    run.at_most("sessions in PostgreSQL", sessions, POOL + 1)
    run.must("other applications find a slot", room)
