"""F39: half an hour at half load, with faults at random."""

import os
import statistics
import time
from collections import namedtuple

import clients
from proxy import Proxy
from scenario import fault

Sample = namedtuple("Sample", "at memory descriptors threads")
# The comparison of tokens and records keeps about 0.6 KB of each.
MOST = 4000


def slope(samples):
    """MiB a minute of the last half, by least squares."""
    half = samples[len(samples) // 2:]
    at, size = [each.at / 60 for each in half], [each.memory for each in half]
    return statistics.linear_regression(at, size).slope


def growth(values):
    """The median of the last fifth above that of the first: what is open for a moment only does not count."""
    fifth = max(1, len(values) // 5)
    return statistics.median(values[-fifth:]) - statistics.median(values[:fifth])


def half_load(run):
    """Half of what this machine reaches through the proxy; CONNVO_SOAK_RATE=N instead where others work on it."""
    load = run.load("peak", rate=0, connections=48, seconds=4, is_main=False)
    load.finish(stop=False)
    peak = load.summary["tokens"] / 4
    run.note("peak through the proxy", f"{peak:.0f} a second")
    return min(int(os.environ.get("CONNVO_SOAK_RATE", MOST)), int(peak / 2))


@fault("F39", "soak: restarts, ended sessions, black holes and vanishing clients at random, under load", is_long=True)
def soak(run):
    # Some gigabytes of records, and of what the load received.
    disk = run.context.disk_folder(run)
    cluster = run.make_cluster(folder=disk, max_wal_size="1GB")
    proxy = Proxy(cluster.folder / ".s.PGSQL.5432", run.seed)
    run.after(proxy.close)
    run.serve(proxy.url)
    seconds = 60 * float(os.environ.get("CONNVO_SOAK_MINUTES", "30"))
    rate = half_load(run)
    load = run.load(rate=rate, connections=48, seconds=seconds + 60, log_folder=disk)
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
            try:
                connection = clients.connect(run.server.port)
                connection.sendall(data[:run.random.randrange(1, len(data) + 1)])
                clients.reset(connection)
            except OSError:
                continue
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
            server = run.server
            samples.append(Sample(
                time.monotonic() - began, server.memory_mb(), server.descriptors(), server.threads()))
    time.sleep(3)
    load.finish()
    run.at_most("growth of memory, last half", slope(samples), 0.5, "MiB/min")
    run.at_most("growth of descriptors", growth([each.descriptors for each in samples]), 2)
    run.at_most("growth of threads", growth([each.threads for each in samples]), 0)
    run.note("minutes", f"{seconds / 60:g}")
    run.note("requests a second", rate)
    run.note("memory", f"{samples[0].memory:.1f} to {samples[-1].memory:.1f} MB")
    run.note("load average, its own included", f"{os.getloadavg()[2]:.1f} with {os.cpu_count()} cores")
    run.note("descriptors, threads at the end", f"{samples[-1].descriptors}, {samples[-1].threads}")
    run.note("faults", ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
