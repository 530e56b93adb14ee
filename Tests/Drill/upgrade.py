"""What operators do on purpose: no alert, and no request that fails."""

import os
import shutil
import signal
import subprocess
import time

import probe
import processes
from drill import Drill
from processes import Failure, wait_until
from rollout import additive_migration, haproxy_configuration


def start_haproxy(drill, configuration):
    """Runs HAProxy with this text until the drill ends."""
    # Debian has it where only an administrator's PATH leads.
    program = shutil.which("haproxy", path=os.pathsep.join((os.environ["PATH"], "/usr/sbin")))
    if not program:
        raise Failure("there is no haproxy: scripts/install-dependencies --tests")
    file = drill.folder / "haproxy.cfg"
    file.write_text(configuration)
    with open(drill.folder / "haproxy.log", "a") as log:
        process = processes.start(program, "-db", "-f", file, stdout=log, stderr=subprocess.STDOUT)
    drill.stack.callback(processes.end, process)


class RollingRestart(Drill):
    """Two servers behind HAProxy are restarted in turn at 500 requests a second, with a migration in between."""

    name = "rolling-restart"
    rate = 500
    connections = 64
    # Long enough for two stops and two starts, with a pause before each.
    seconds = 60
    pauses = 5

    def set_up(self):
        self.cluster.start(fsync="on")

    def settings(self):
        # A server comes back on the same port.
        return {"HTTP_PORT": self.kit.free_port()}

    def start_load(self):
        self.second = self.make_server("second")
        self.second.start()
        self.port = self.kit.free_port()
        ports = [(server.port, server.admin_port) for server in (self.server, self.second)]
        start_haproxy(self, haproxy_configuration(self.port, *ports))
        wait_until(lambda: probe.get(self.port, "/livez", 5)[0] == 200, 30, "HAProxy forwards")
        self.load = self.make_load(self.port, self.seconds)

    def targets(self):
        return [self.server.admin_port, self.second.admin_port]

    def course(self):
        began = time.monotonic()
        for server in (self.server, self.second):
            self.watch(self.pauses, lambda firing: False)
            code = server.stop(signal.SIGTERM)
            if code != 0:
                self.faults.append(f"{server.name} ended with {code}")
            server.start()
            # It has to have calls of its own before the other one goes.
            wait_until(
                lambda server=server: server.metric("connvo_tokens_issued_total") > 100, 30, "HAProxy calls the new process")
            if server is self.server:
                self.cluster.connvo(self.kit.binary, "migrate", "up", "--from", additive_migration(self.folder))
        if time.monotonic() > began + self.seconds - self.pauses:
            self.faults.append("the restarts took longer than the load")
        self.watch(max(0, began + self.seconds - time.monotonic()), lambda firing: False)
        requests = self.load.finish(stop=False)
        self.expect_no_others()
        # The migration must be there.
        self.cluster.query("SELECT room FROM connvo.meetings LIMIT 1")
        failed = [request.outcome for request in requests if not request.is_token]
        if failed or self.load.summary["unsent"]:
            self.faults.append(f"{failed[:5]} and others, {self.load.summary['unsent']} were not sent")
        without, more = self.compare(requests)
        return (
            f"{len(failed)} failed (0) of {len(requests)} at {self.rate}/s, longest "
            f"{self.load.summary['latency_ms']['max']:.0f} ms; tokens without a record {without} (0), records without a "
            f"token {more} (0); {len(self.fired)} alerts (0)"
        )

    def compare(self, requests):
        """Every token with its record. Returns how many have none, and how many records have no token."""
        tokens = [request for request in requests if request.is_token]
        received = {request.id: request.digest for request in tokens}
        records = self.cluster.records()
        found = dict(records)
        if not len(received) == len(tokens) or not len(found) == len(records):
            self.faults.append("an id is there twice")
        without, more = received.keys() - found.keys(), found.keys() - received.keys()
        altered = [id for id in received.keys() & found.keys() if received[id] != found[id]]
        if without or more or altered or not received:
            self.faults.append(
                f"{len(received)} tokens, {len(found)} records: {len(without)} without a record, {len(more)} without a "
                f"token, {len(altered)} with another SHA-256")
        return len(without), len(more)


DRILLS = [RollingRestart]
