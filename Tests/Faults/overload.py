"""F30: more requests than the server can answer."""

import time

from scenario import fault


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else 0


def overload(run, peak, factors, connections, seconds, name, prepare):
    """Runs at several times the peak, and checks goodput, what accepted requests wait, and how fast refusals are."""
    for factor in factors:
        prepare()
        run.began()
        load = run.load(f"{name}-{factor}", rate=peak * factor, connections=connections, seconds=seconds, is_main=False)
        load.process.wait(seconds + 60)
        load.finish(stop=False)
        run.over()
        # Counted from the first request: the load needs a while for its connections. Its first second fills the queue
        # of a server that was idle.
        counted = min(r.began for r in load.requests if r.ended) + 1
        requests = [r for r in load.requests if r.ended and r.began > counted]
        tokens = [r for r in requests if r.is_token]
        refused = [r for r in requests if not r.is_token]
        duration = max(0.1, max((r.ended for r in requests), default=0) - counted)
        goodput = 100 * len(tokens) / duration / peak
        label = f"{name}{factor} times: " if name else f"{factor} times: "
        run.at_least(label + "goodput", goodput, 90, "%")
        run.at_most(label + "accepted, p99", percentile([r.seconds for r in tokens], 0.99) * 1000, 250, "ms")
        run.at_most(label + "refusals, p99", percentile([r.seconds for r in refused], 0.99) * 1000, 20, "ms")
        run.note(label + "sent a second", int(len(requests) / duration))
        time.sleep(1)


def best(run, seconds=4):
    """The most tokens a second, of connections that each send their next request after the response to the last."""
    rates = {}
    for connections in (64, 256):
        load = run.load(f"peak-{connections}", rate=0, connections=connections, seconds=seconds, is_main=False)
        load.process.wait(60)
        load.finish(stop=False)
        done = sorted(r.ended for r in load.requests if r.is_token)
        # The first second finds out how large batches may be.
        rates[connections] = len([at for at in done if at > done[0] + 1]) / (done[-1] - done[0] - 1)
        run.note(f"of {connections} connections, each with one request", f"{int(rates[connections])} a second")
    return int(max(rates.values()))


TRIGGER = """
    GRANT EXECUTE ON FUNCTION public.slow() TO PUBLIC;
    CREATE TRIGGER slow BEFORE INSERT ON connvo.issued_tokens FOR EACH ROW EXECUTE FUNCTION public.slow()"""


def pace(cluster, seconds):
    """How long each record takes in the function of the trigger, from the next one on."""
    cluster.query(f"""
        CREATE OR REPLACE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN {f"PERFORM pg_sleep({seconds});" if seconds else ""} RETURN NEW; END $$""")


@fault("F30", "3 and 10 times what a slow database can do (4 ms a record)", quick=True)
def slow_database(run):
    cluster = run.make_cluster()
    run.serve()
    pace(cluster, 0.004)
    cluster.query(TRIGGER)
    peak = best(run)

    def becomes_slow():
        # The peak has shown the server how large batches may be. Here it meets a slow database as for the first time.
        pace(cluster, 0)
        run.load("fast", rate=0, connections=256, seconds=1, is_main=False).finish(stop=False)
        pace(cluster, 0.004)

    # At a fast database's full load, once: the cache of verified tokens is full from here on, and belongs to what is at rest.
    becomes_slow()
    run.take_baseline()
    watched = run.load("watched", rate=20, connections=8)
    overload(run, peak, (3, 10), 1024, 6, "", becomes_slow)
    time.sleep(2)
    watched.finish()
