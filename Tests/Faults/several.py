"""F40 and F41: two processes on one database: the quota, one that ends while the other serves, a rolling restart."""

import os
import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import clients
import processes
from edge import together
from processes import ROOT, Failure, wait_until
from scenario import fault

# Behind this folder, which has modules of the same names.
sys.path.append(str(ROOT / "Tests/Drill"))
from rollout import additive_migration, haproxy_configuration  # noqa: E402


@fault("F40", "two processes on one database: quota, and each killed in turn")
def two_processes(run):
    run.make_cluster()
    first, second = (run.make_server(name=name, TOKENS_PER_MINUTE=10) for name in ("first", "second"))
    for server in (first, second):
        server.start()
    bearer = clients.bearers(run.folder)
    statuses = together(60, lambda number: clients.exchange(
        (first, second)[number % 2].port, clients.request(7, bearer[7]))[0])
    # Each process counts what it has in progress itself, and reads what the other one has committed.
    run.at_most("tokens of one caller, quota 10, in a burst on two", statuses.count(200), 2 * 10)
    run.at_least("of these, what the quota allows", statuses.count(200), 10)
    time.sleep(0.5)
    more = together(20, lambda number: clients.exchange(
        (first, second)[number % 2].port, clients.request(7, bearer[7]))[0])
    run.none_of("tokens after the burst", more.count(200))
    run.unseen = statuses.count(200)
    for server in (first, second):
        server.stop()
        server.environment["TOKENS_PER_MINUTE"] = "100000"
        server.start()
    loads = [run.load(f"load-{server.name}", rate=0, connections=32, seconds=4, server=server, is_main=False) for server in (first, second)]
    for load in loads:
        load.process.wait(60)
        load.finish(stop=False)
    both = sum(load.summary["tokens"] for load in loads) / 4
    alone = run.load("alone", rate=0, connections=64, seconds=4, server=first, is_main=False)
    alone.process.wait(60)
    alone.finish(stop=False)
    one = alone.summary["tokens"] / 4
    run.note("tokens a second of one", int(one))
    run.note("tokens a second of two on the same cores", int(both))
    load = run.load("other", rate=200, connections=16, server=first, is_main=False)
    time.sleep(0.5)
    second.stop(signal.SIGKILL)
    time.sleep(2)
    load.finish()
    run.none_of("failed at one when the other is killed", sum(not r.is_token for r in load.requests))


def haproxy(run, *servers):
    """deploy/haproxy.cfg in front of these, as something that a load can be sent to."""
    # Debian has it where only an administrator's PATH leads.
    program = shutil.which("haproxy", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))
    if not program:
        raise Failure("there is no haproxy: scripts/install-dependencies --tests")
    front = SimpleNamespace(port=processes.free_port())
    file = run.folder / "haproxy.cfg"
    file.write_text(haproxy_configuration(front.port, *((server.port, server.admin_port) for server in servers)))
    with open(run.folder / "haproxy.log", "w") as log:
        process = processes.start(program, "-db", "-f", file, stdout=log, stderr=subprocess.STDOUT)
    run.after(lambda: processes.end(process))
    wait_until(lambda: servers[0].get("/livez", front.port)[0] == 200, 30, "HAProxy forwards")
    return front


@fault("F41", "two processes behind HAProxy restarted in turn at 500 requests a second, with a migration in between")
def rolling_restart(run):
    run.make_cluster()
    # Each comes back on the same port.
    first, second = (run.make_server(name=name, HTTP_PORT=processes.free_port()) for name in ("first", "second"))
    for server in (first, second):
        server.start()
    load = run.load(rate=500, connections=64, server=haproxy(run, first, second), is_main=False)
    longest = 0
    for server in (first, second):
        time.sleep(2)
        longest = max(longest, timed(lambda: run.must(f"{server.name}: exit code 0", server.stop(signal.SIGTERM) == 0)))
        server.start()
        # It has to have calls of its own before the other one goes.
        wait_until(lambda: server.metric("connvo_tokens_issued_total") > 100, 30, "HAProxy calls the new process")
        if server is first:
            run.cluster.connvo(run.binary, "migrate", "up", "--from", additive_migration(run.folder))
    time.sleep(2)
    load.finish()
    run.none_of("requests without a token", sum(not request.is_token for request in load.requests))
    run.none_of("requests not sent in time", load.summary["unsent"])
    run.must("the migration is there", run.cluster.query("SELECT count(room) FROM connvo.meetings") == "0")
    run.at_most("end after SIGTERM", longest, 25, "s")


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began
