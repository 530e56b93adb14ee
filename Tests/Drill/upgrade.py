"""What operators do on purpose: no alert, and no request that fails."""

import os
import shutil
import time

from drill import Drill
from processes import Child, Load, free_port, get
from rollout import additive_migration, haproxy_configuration

import verify


class HAProxy(Child):
    def __init__(self, folder, configuration):
        super().__init__(folder, "haproxy")
        (self.folder / "haproxy.cfg").write_text(configuration)

    def start(self):
        # Debian has it where only an administrator's PATH leads.
        program = shutil.which("haproxy", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))
        if not program:
            raise RuntimeError("there is no haproxy: scripts/install-dependencies --tests")
        self.spawn([program, "-db", "-f", "haproxy.cfg"])


class RollingRestart(Drill):
    """Two servers behind HAProxy are restarted in turn at 500 requests a second, with a migration in between."""

    name = "rolling-restart"
    rate = 500
    connections = 64
    # Long enough for two stops and two starts, with a pause before each.
    seconds = 60
    pauses = 5

    def set_up(self):
        self.cluster.configure("fsync = on\nfull_page_writes = on\n")
        self.cluster.start()

    def start_load(self):
        self.second = self.start(self.make_server("second"))
        self.port = free_port()
        ports = [(server.port, server.admin_port) for server in (self.server, self.second)]
        proxy = self.start(HAProxy(self.folder, haproxy_configuration(self.port, *ports)))
        proxy.wait_until(self.answers)
        self.since = self.cluster.query("SELECT clock_timestamp()")
        self.load = self.start(
            Load(self.folder, self.port, self.requests(), self.rate, self.connections, self.seconds))

    def answers(self):
        try:
            return get(self.port, "/livez")[0] == 200
        except OSError:
            return False

    def targets(self):
        return [self.server.admin_port, self.second.admin_port]

    def course(self):
        began = time.monotonic()
        for server in (self.server, self.second):
            self.watch(self.pauses, lambda firing: False)
            code = server.stop()
            if code != 0:
                self.faults.append(f"{server.name} ended with {code}")
            server.start()
            # It has to have calls of its own before the other one goes.
            server.wait_until(lambda server=server: server.issued() > 100)
            if server is self.server:
                self.kit.connvo("migrate", self.cluster, "up", "--from", str(additive_migration(self.folder)))
        if time.monotonic() > began + self.seconds - self.pauses:
            self.faults.append("the restarts took longer than the load")
        self.watch(max(0, began + self.seconds - time.monotonic()), lambda firing: False)
        result = self.load.finish(60)
        self.expect_no_others()
        # Both servers must have been called, and the migration must be there.
        self.cluster.query("SELECT room FROM connvo.meetings LIMIT 1")
        failed = result["sent"] - result["tokens"] + result["unsent"] + sum(result["failures"].values())
        if failed:
            self.faults.append(f"{failed} requests failed: {result['statuses']}, {result['failures']}")
        without, more = self.compare()
        return (
            f"{failed} failed (0) of {result['sent']} at {self.rate}/s, longest {result['latency_ms']['max']:.0f} ms; "
            f"tokens without a record {without} (0), records without a token {more} (0); {len(self.fired)} alerts (0)"
        )

    def compare(self):
        """Every token with its record."""
        received = verify.digests(verify.read_tokens([self.load.tokens]))
        records = dict(
            line.split("|") for line in self.cluster.query(
                f"SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE issued_at >= '{self.since}'"
            ).splitlines())
        try:
            verify.compare(received, records)
            verify.prove(received, records)
        except verify.Difference as difference:
            self.faults.append(str(difference))
        return len(received.keys() - records.keys()), len(records.keys() - received.keys())


DRILLS = [RollingRestart]
