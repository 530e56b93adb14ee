"""F30: more requests than the server can answer."""

import time

from scenario import fault


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(part * len(values)))] if values else 0


def overload(run, peak, factors, connections, seconds, name):
    """Runs at several times the peak, and checks goodput, what accepted requests wait, and how fast refusals are."""
    for factor in factors:
        run.began()
        began = time.monotonic()
        load = run.load(f"{name}-{factor}", rate=peak * factor, connections=connections, seconds=seconds, is_main=False)
        load.process.wait(seconds + 60)
        load.finish(stop=False)
        run.over()
        # The first second fills the queue of a server that was idle.
        requests = [r for r in load.requests if r.ended and r.began > began + 1.5]
        tokens = [r for r in requests if r.is_token]
        refused = [r for r in requests if not r.is_token]
        duration = max(0.1, max((r.ended for r in requests), default=0) - began - 1.5)
        goodput = 100 * len(tokens) / duration / peak
        label = f"{name}{factor} times: " if name else f"{factor} times: "
        run.at_least(label + "goodput", goodput, 90, "%")
        run.at_most(label + "accepted, p99", percentile([r.seconds for r in tokens], 0.99) * 1000, 250, "ms")
        run.at_most(label + "refusals, p99", percentile([r.seconds for r in refused], 0.99) * 1000, 20, "ms")
        run.note(label + "sent a second", int(len(requests) / duration))
        time.sleep(1)


SLOW = """
    CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.004); RETURN NEW; END $$;
    GRANT EXECUTE ON FUNCTION public.slow() TO PUBLIC;
    CREATE TRIGGER slow BEFORE INSERT ON connvo.issued_tokens FOR EACH ROW EXECUTE FUNCTION public.slow()"""


@fault("F30", "3 and 10 times what a slow database can do (4 ms a record)", quick=True)
def slow_database(run):
    cluster = run.make_cluster()
    run.serve()
    cluster.query(SLOW)
    closed = run.load("peak", rate=0, connections=64, seconds=4, is_main=False)
    closed.process.wait(60)
    closed.finish(stop=False)
    done = sorted(r.ended for r in closed.requests if r.is_token)
    peak = int(len([at for at in done if at > done[0] + 1]) / (done[-1] - done[0] - 1))
    run.note("peak", f"{peak} a second")
    watched = run.load("watched", rate=20, connections=8)
    overload(run, peak, (3, 10), 1024, 6, "")
    time.sleep(2)
    watched.finish()
