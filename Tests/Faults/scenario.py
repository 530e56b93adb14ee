"""One run of one fault: what it starts, what it measures, and that nothing of it stays."""

import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path

import invariants
import load as loads
import processes
from cluster import Cluster, remove
from measurement import at_least, at_most, fact, none_of
from processes import Failure
from server import Server

FAULTS = {}
HERE = Path(__file__).resolve().parent
# Of 400 requests one after the other, so many may take 15 ms longer than three times the median, which is near 1 ms.
ALONE_SLOW = 4
Probe = namedtuple("Probe", "at path status milliseconds late")


@dataclass
class Fault:
    id: str
    title: str
    quick: bool
    needs_root: bool
    # Takes half an hour: runs only when it is named.
    is_long: bool
    run: callable


def fault(id, title, quick=False, needs_root=False, is_long=False):
    """Declares a scenario: a function of a Run."""

    def declare(function):
        FAULTS[id] = Fault(id, title, quick, needs_root, is_long, function)
        return function

    return declare


@dataclass
class Window:
    """The time of one fault. `is_outage`: no token can be had meanwhile, for longer than two seconds."""

    began: float
    over: float | None
    limit: float
    is_outage: bool


class Run:
    def __init__(self, fault, context, seed):
        self.fault, self.context, self.seed = fault, context, seed
        self.binary, self.random = context.binary, random.Random(seed)
        self.folder = Path(tempfile.mkdtemp(prefix=f"{fault.id.lower()}.", dir=context.folder))
        self.folder.chmod(0o711)
        for name in ("jwks.json", "requests.tsv", "key.pem"):
            os.link(context.folder / name, self.folder / name)
        self.clusters, self.servers, self.loads, self.undo = [], [], [], []
        self.cluster = self.server = self.main_load = self.baseline = self.prober = None
        self.measurements, self.notes, self.windows, self.excused, self.probe_rows = [], {}, [], [], []
        # What the invariants allow in this scenario.
        self.statuses, self.may_be_silent, self.deadline = {"503"}, 0, invariants.DEADLINE
        self.livez_limit, self.may_lose, self.unseen, self.secrets = 100, False, 0, []
        self.settle_seconds = 10
        # As many as there is time for; fewer where a quota counts them.
        self.warm_up_requests = None
        # Sessions of a pooler, which it keeps.
        self.sessions_more = 0

    # What it starts

    def make_cluster(self, name="pg", start=True, folder=None, **settings):
        cluster = Cluster(folder or self.folder / name, of=self.context.template, **settings)
        self.clusters.append(cluster)
        self.cluster = self.cluster or cluster
        if start:
            cluster.start()
        return cluster

    def make_server(self, url=None, name="server", prefix=(), **environment):
        server = Server(self.folder, self.binary, url or self.cluster.url(), name, prefix, **environment)
        self.servers.append(server)
        self.server = self.server or server
        return server

    def serve(self, url=None, **environment):
        """A PostgreSQL when there is none, a server that is ready and warm, and its probes."""
        if not self.clusters:
            self.make_cluster()
        server = self.make_server(url, **environment)
        server.start()
        self.warm_up()
        self.probe()
        return server

    def warm_up(self):
        """Every connection of the pool is used, and memory is what it is at work; then the baseline is taken."""
        self.load("warm-up", 0, seconds=1, count=self.warm_up_requests, is_main=False).finish(stop=False)
        self.ask_alone()
        self.take_baseline()

    def take_baseline(self):
        """What the server takes when it is at rest: the fault may leave little more."""
        time.sleep(0.3)
        server = self.server
        self.baseline = {
            "pid": server.process.pid, "descriptors": server.descriptors(), "threads": server.threads(),
            "memory_mb": server.memory_mb()}

    def ask_alone(self):
        """One request at a time: nothing else wakes a thread that should have been woken for a request, until the sweep
        of the queue, every 50 ms. Up to three times, because this machine may be busy; a defect shows in each."""
        failed = 0
        for _ in range(3):
            requests = self.load("alone", 0, connections=1, seconds=10, count=400, is_main=False).finish(stop=False)
            failed += sum(not request.is_token for request in requests)
            times = [request.seconds for request in requests]
            # A disk that syncs slowly is no defect.
            limit = 0.015 + 3 * statistics.median(times)
            if (slow := sum(seconds > limit for seconds in times)) <= ALONE_SLOW:
                break
        self.measurements += [
            none_of("before the fault, one after the other: without a token", failed),
            at_most("before the fault, of 400 one after the other: slow", slow, ALONE_SLOW)]

    def load(self, name="load", rate=400, connections=32, server=None, is_main=True, **options):
        load = loads.Load(
            self.folder, (server or self.server).port, f"{name}-{len(self.loads)}", rate, connections, seed=self.seed, **options)
        self.loads.append(load)
        if is_main:
            self.main_load = load
        return load

    def probe(self, server=None):
        path = self.folder / "probes"
        nice = ["nice", "-n", "-15"] if processes.is_root() else []
        self.prober = processes.start(
            *nice, sys.executable, "-B", HERE / "probe.py", (server or self.server).admin_port, path)

    def after(self, undo):
        """Registers what must be undone at the end; the last first."""
        self.undo.append(undo)

    # What it says

    def began(self, limit=2.0, is_outage=False, at=None):
        self.windows.append(Window(at or time.monotonic(), None, limit, is_outage))

    def over(self, at=None):
        self.windows[-1].over = at or time.monotonic()

    def excuse(self, began, ended):
        """Probes of this time say nothing about the server, for instance because it was stopped."""
        self.excused.append((began, ended))

    def is_excused(self, at):
        return any(began <= at <= ended for began, ended in self.excused)

    def note(self, name, value):
        """A figure without a bound."""
        self.notes[name] = value

    def at_most(self, name, value, limit, unit="", detail=""):
        self.measurements.append(at_most(name, value, limit, unit, detail, is_main=True))

    def at_least(self, name, value, limit, unit="", detail=""):
        self.measurements.append(at_least(name, value, limit, unit, detail, is_main=True))

    def none_of(self, name, count, detail=""):
        self.measurements.append(none_of(name, count, detail, is_main=True))

    def must(self, name, holds, detail=""):
        """Something that holds or does not."""
        self.measurements.append(fact(name, holds, detail))

    # Its end

    def finish(self):
        """Ends the load, then the probes, and checks what always holds."""
        for load in self.loads:
            load.finish()
        if self.prober:
            processes.end(self.prober, signal.SIGTERM)
            for row in (self.folder / "probes").read_text().splitlines():
                at, path, status, milliseconds, late = row.split()
                self.probe_rows.append(Probe(float(at), path, int(status), float(milliseconds), float(late)))
        self.measurements += invariants.check(self)

    def clean_up(self, keep):
        for undo in reversed(self.undo):
            try:
                undo()
            except (OSError, Failure) as error:
                print(f"faults: {self.fault.id}: {error}", file=sys.stderr)
        for load in self.loads:
            processes.end(load.process)
        for server in self.servers:
            server.stop()
        if self.prober:
            processes.end(self.prober)
        for cluster in self.clusters:
            cluster.stop("immediate")
        if not keep:
            remove(self.folder)


class Context:
    """What all scenarios share: the binary, keys, requests, and the template of PostgreSQL."""

    def __init__(self, folder, binary):
        self.folder, self.binary = folder, binary
        self.template, self.disk_folders = None, []

    def disk_folder(self, run):
        """A folder on a disk, for a PostgreSQL that syncs."""
        folder = Path(tempfile.mkdtemp(prefix=f"connvo-{run.fault.id.lower()}.", dir="/var/tmp"))
        self.disk_folders.append(folder)
        return folder

    def clean_up(self):
        for folder in self.disk_folders:
            remove(folder)
