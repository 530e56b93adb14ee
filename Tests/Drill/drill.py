"""A fault on purpose, with Prometheus watching: the alert that must come, and how soon. run.py runs the drills."""

import contextlib
import os
import shutil
import threading
import time

from cluster import Cluster
from load import Load
from prometheus import Prometheus
from server import Server

# How long after the fault begins its alert must fire, and how long after it ends the alert may still fire, in seconds.
FIRES_WITHIN = 120
RESOLVES_WITHIN = 180
# Under load and without a fault, before it: as long as the windows of the rules on causes, and a scrape more.
BEFORE = 80
# How much longer than the bound is waited, so that a figure can be said when it is missed.
MISSED = 60


class Stopped(Exception):
    """The whole run ends."""


class Drill:
    """One fault. A subclass says what it is, and which alerts it may raise."""

    name = ""
    # All of these must fire.
    alerts = ()
    # What may fire, too, because the fault does that as well.
    follow = ()
    # Of the load, in requests a second.
    rate = 50
    connections = 32

    def __init__(self, kit, stop):
        """`kit` has what the drills share and do not change; the drill ends early when `stop` is set."""
        self.kit, self.stop = kit, stop
        self.folder = kit.folder / self.name
        # What has to be undone at the end, the last first.
        self.stack = contextlib.ExitStack()
        self.faults = []
        # When each alert was first seen to fire.
        self.fired = {}

    # What a subclass may replace

    def set_up(self):
        """Starts what the server needs."""
        self.cluster.start()

    def begin(self):
        """The fault."""
        raise NotImplementedError

    def end(self):
        """The remedy of the runbook."""
        raise NotImplementedError

    def requests(self):
        """The file of requests of the load."""
        return self.kit.requests

    def settings(self):
        """Of the server."""
        return {}

    def start_load(self):
        self.load = self.make_load(self.server.port)

    def targets(self):
        """The admin ports that Prometheus scrapes."""
        return [self.server.admin_port]

    # What it starts

    def make_server(self, name):
        server = Server(self.folder, self.kit.binary, self.cluster.url(), name, **self.settings())
        self.stack.callback(server.stop)
        return server

    def make_load(self, port, seconds=7200):
        load = Load(self.folder, port, "load", self.rate, self.connections, seconds=seconds)
        # The file of all requests is large, and no more than its end is of interest where the load is not finished.
        self.stack.callback(load.process.kill)
        return load

    def pause(self, seconds):
        if self.stop.wait(seconds):
            raise Stopped

    def watch(self, seconds, is_over):
        """Looks at the alerts until `is_over` says so for those that fire, or the time has passed. Returns the seconds."""
        began = time.monotonic()
        while True:
            firing = self.prometheus.firing()
            now = time.monotonic()
            for alert in firing:
                self.fired.setdefault(alert, now)
            if is_over(firing) or now > began + seconds:
                return now - began
            self.pause(0.5)

    # The course of a drill

    def prepare(self):
        self.folder.mkdir(mode=0o711)
        shutil.copy(self.kit.jwks, self.folder / "jwks.json")
        os.link(self.requests(), self.folder / "requests.tsv")
        self.cluster = Cluster(self.folder / "pg", of=self.kit.template)
        self.stack.callback(self.cluster.stop, "immediate")
        self.set_up()
        self.server = self.make_server("server")
        self.server.start()
        self.start_load()
        self.prometheus = Prometheus(self.folder, self.targets())
        self.prometheus.start()
        self.stack.callback(self.prometheus.end)

    def run(self):
        """Returns the line about this drill; `faults` has what did not hold."""
        with self.stack:
            try:
                self.prepare()
                return self.course()
            except Stopped:
                raise
            except Exception as error:  # a drill that cannot be made fails, and the others go on
                self.faults.append(f"{type(error).__name__}: {error}")
                return "could not be run to its end"

    def course(self):
        self.watch(BEFORE, lambda firing: False)
        if self.fired:
            self.faults.append(f"fired before the fault: {', '.join(sorted(self.fired))}")
        began = time.monotonic()
        self.begin()
        self.watch(FIRES_WITHIN + MISSED, lambda firing: firing.issuperset(self.alerts))
        self.end()
        took = self.watch(RESOLVES_WITHIN + MISSED, lambda firing: firing.isdisjoint(self.alerts))

        parts = []
        for alert in self.alerts:
            seconds = self.fired.get(alert, began - 1) - began
            if seconds < 0 or seconds > FIRES_WITHIN:
                self.faults.append(f"{alert} did not fire within {FIRES_WITHIN} s")
            parts.append(f"{alert} after {seconds:.0f} s" if seconds >= 0 else f"{alert} never")
        if took > RESOLVES_WITHIN:
            self.faults.append(f"it still fires {took:.0f} s after the end of the fault")
        self.expect_no_others()
        if not self.server.is_running():
            self.faults.append("the server has ended")
        others = sorted(set(self.fired) - set(self.alerts))
        return (
            f"{', '.join(parts)} (<= {FIRES_WITHIN} s), resolved after {took:.0f} s (<= {RESOLVES_WITHIN} s)"
            + (f"; with it {', '.join(others)}" if others else "")
        )

    def expect_no_others(self):
        others = set(self.fired) - set(self.alerts) - set(self.follow)
        if others:
            self.faults.append(f"fired without a reason: {', '.join(sorted(others))}")


def in_threads(drills, report):
    """Runs all of them at once; `report` is called with each drill and its line. An exception, as that of a signal,
    ends them: each thread ends what it has started."""
    stop = drills[0].stop

    def run(drill):
        with contextlib.suppress(Stopped):
            report(drill, drill.run())

    threads = [threading.Thread(target=run, args=(drill,), name=drill.name) for drill in drills]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
