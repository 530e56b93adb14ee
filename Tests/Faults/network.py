"""F10 to F13: the network between the server and PostgreSQL."""

import time

from proxy import Proxy
from scenario import fault


def behind_proxy(run, **settings):
    """A PostgreSQL, the proxy before it, and a server that knows only the proxy."""
    cluster = run.make_cluster(**settings)
    proxy = Proxy(cluster.folder / ".s.PGSQL.5432", run.seed)
    run.after(proxy.close)
    run.serve(proxy.url)
    return proxy


@fault("F10", "black hole for 6 seconds without a reset; everything swallowed, then reset", quick=True)
def black_hole(run):
    proxy = behind_proxy(run)
    load = run.load(rate=300, connections=48)
    time.sleep(1.5)
    run.began(is_outage=True)
    proxy.swallows = True
    time.sleep(6)
    proxy.swallows = False
    # What was swallowed is missing in those connections: they stay silent, as behind a firewall that forgot them.
    for link in list(proxy.links):
        link.is_mute = True
    run.over()
    time.sleep(4)
    run.began(is_outage=True)
    proxy.swallows = True
    time.sleep(3)
    proxy.reset_all()
    proxy.swallows = False
    run.over()
    time.sleep(4)
    load.finish()


@fault("F11", "reset at a random byte of what PostgreSQL sends")
def reset_in_a_result(run):
    proxy = behind_proxy(run)
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    run.began()
    proxy.reset_after = lambda: proxy.random.randrange(400, 30_000)
    resets = proxy.resets
    proxy.reset_all()
    time.sleep(8)
    proxy.reset_after = None
    for link in list(proxy.links):
        link.left = None
    run.over()
    time.sleep(3)
    load.finish()
    run.at_least("connections reset", proxy.resets - resets, 20)


@fault("F12", "COMMIT has left, its answer is lost: the connection is cut behind every fifth COMMIT", quick=True)
def lost_answer(run):
    proxy = behind_proxy(run)
    load = run.load(rate=200, connections=32)
    time.sleep(1)
    run.began()
    proxy.cut_commits = 0.2
    time.sleep(8)
    proxy.cut_commits = 0.0
    run.over()
    time.sleep(3)
    load.finish()
    failed = sum(not request.is_token for request in load.requests)
    run.at_least("COMMITs cut", proxy.cut, 20)
    run.at_least("503 for them", failed, proxy.cut)
    surplus = len(run.cluster.records()) - sum(r.is_token for each in run.loads for r in each.requests)
    run.at_least("records of them", surplus, 1)


@fault("F13", "a slow network: 100 ± 80 ms; 10 KB a second; slices of one byte")
def slow_network(run):
    proxy = behind_proxy(run)
    load = run.load(rate=60, connections=48)
    time.sleep(1)
    for name, settings in {
        "100 ± 80 ms": {"delay": (0.1, 0.08)}, "10 KB/s": {"bytes_a_second": 10_000}, "one byte": {"slice": 1},
    }.items():
        run.began()
        for key, value in settings.items():
            setattr(proxy, key, value)
        began = time.monotonic()
        time.sleep(5)
        proxy.delay, proxy.bytes_a_second, proxy.slice = (0, 0), None, None
        run.over()
        time.sleep(3)
        run.note(name, f"{time.monotonic() - began - 3:.0f} s")
    load.finish()
    lost = run.server.metric("connvo_database_connections_lost_total")
    run.note("connections lost", int(lost))
