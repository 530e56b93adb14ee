"""A fault on purpose, with Prometheus watching: the alert that must come, and how soon. scripts/drill runs the drills."""

import shutil
import signal
import threading
import time

from processes import Load, Prometheus, Server

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
    rate = 50
    connections = 32
    settings = {}

    def __init__(self, kit, stop):
        """`kit` has what the drills share and do not change; the drill ends early when `stop` is set."""
        self.kit, self.stop = kit, stop
        self.folder = kit.folder / self.name
        self.cluster = None
        self.children = []
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

    def tear_down(self):
        pass

    def requests(self):
        return self.kit.requests

    # The course of a drill

    def start(self, child):
        """What begins last ends first."""
        self.children.append(child)
        child.start()
        return child

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

    def prepare(self):
        self.folder.mkdir(mode=0o711)
        self.jwks = self.folder / "jwks.json"
        shutil.copy(self.kit.jwks, self.jwks)
        self.cluster = self.kit.cluster.copy(self.folder / "postgres")
        self.set_up()
        self.server = self.make_server("server")
        self.start(self.server)
        self.start_load()
        self.prometheus = self.start(Prometheus(self.folder, self.targets()))

    def targets(self):
        """The admin ports that Prometheus scrapes."""
        return [self.server.admin_port]

    def make_server(self, name):
        return Server(self.folder, name, self.cluster.url("connvo_server"), self.jwks, **self.settings)

    def start_load(self):
        self.load = self.start(Load(self.folder, self.server.port, self.requests(), self.rate, self.connections))

    def run(self):
        """Returns the line about this drill; `faults` has what did not hold."""
        try:
            self.prepare()
            return self.course()
        except Stopped:
            raise
        except Exception as error:  # a drill that cannot be made fails, and the others go on
            self.faults.append(f"{type(error).__name__}: {error}")
            return "could not be run to its end"
        finally:
            for child in reversed(self.children):
                child.end()
            self.tear_down()
            if self.cluster is not None:
                self.cluster.stop()

    def course(self):
        self.watch(BEFORE, lambda firing: False)
        early = set(self.fired)
        if early:
            self.faults.append(f"fired before the fault: {', '.join(sorted(early))}")
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
    """Runs all of them at once; `report` is called with each drill and its line. Ends them when a signal comes."""
    stop = drills[0].stop

    def run(drill):
        try:
            report(drill, drill.run())
        except Stopped:
            pass

    threads = [threading.Thread(target=run, args=(drill,), name=drill.name) for drill in drills]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        stop.set()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for thread in threads:
            thread.join()
