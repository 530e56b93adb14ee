"""F39: half an hour at half load, with faults at random."""

import os
import statistics
import time

import clients
from proxy import Proxy
from scenario import fault

# Half of what the slower of two cores answers with PostgreSQL and the load beside it.
RATE = 1000


def slope(samples):
    """MiB a minute of the last half, by least squares."""
    half = samples[len(samples) // 2:]
    return statistics.linear_regression([at / 60 for at, _ in half], [size for _, size in half]).slope


@fault("F39", "soak: restarts, ended sessions, black holes and vanishing clients at random, under load", is_long=True)
def soak(run):
    cluster = run.make_cluster(max_wal_size="1GB")
    proxy = Proxy(cluster.folder / ".s.PGSQL.5432", run.seed)
    run.after(proxy.close)
    run.serve(proxy.url)
    seconds = 60 * float(os.environ.get("CONNVO_SOAK_MINUTES", "30"))
    load = run.load(rate=RATE, connections=48, seconds=seconds + 60)
    bearers = clients.bearers(run.folder)
    began = time.monotonic()
    samples, counts = [], {}

    def restart():
        cluster.restart("fast")

    def end_sessions():
        cluster.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'connvo_server'")

    def black_hole():
        proxy.swallows = True
        time.sleep(2)
        proxy.reset_all()
        proxy.swallows = False

    def vanish():
        for _ in range(50):
            line = run.random.randrange(len(bearers))
            data = clients.request(line, bearers[line])
            connection = clients.connect(run.server.port)
            connection.sendall(data[:run.random.randrange(1, len(data) + 1)])
            clients.reset(connection)
            run.unseen += 1

    while time.monotonic() < began + seconds:
        chosen = run.random.choice([restart, end_sessions, black_hole, vanish])
        counts[chosen.__name__] = counts.get(chosen.__name__, 0) + 1
        run.began()
        chosen()
        run.over()
        pause = time.monotonic() + 3 + run.random.random() * 4
        while time.monotonic() < pause:
            time.sleep(1)
            samples.append((time.monotonic() - began, run.server.memory_mb()))
    time.sleep(3)
    load.finish()
    run.at_most("growth of memory, last half", slope(samples), 0.5, "MiB/min")
    run.note("minutes", f"{seconds / 60:g}")
    run.note("faults", ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
