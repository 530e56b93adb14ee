"""Two processes on one database: the quota, and a process that ends while the other serves."""

import signal
import time

import clients
from edge import together
from scenario import fault


@fault("F40", "two processes on one database: quota, and each killed in turn")
def two_processes(run):
    run.make_cluster()
    first, second = (run.make_server(name=name, TOKENS_PER_MINUTE=10) for name in ("first", "second"))
    for server in (first, second):
        server.start()
    bearer = clients.bearers(run.folder)
    statuses = together(60, lambda number: clients.exchange(
        (first, second)[number % 2].port, clients.request(7, bearer[7]))[0])
    run.at_most("tokens of one caller, quota 10, in a burst on two", statuses.count(200), 20)
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
