"""What a drill runs beside PostgreSQL: servers, the load on them, and Prometheus. Each ends with the thread that began it."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "bench"))
import bench  # noqa: E402

RULES = CHECKOUT / "deploy/prometheus"
# What begins within a ring of ports is taken once, also by drills that run at the same time.
ports_taken, ports_lock = set(), threading.Lock()


def free_port():
    with ports_lock:
        while True:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                port = probe.getsockname()[1]
            if port not in ports_taken:
                ports_taken.add(port)
                return port


def get(port, path, timeout=10):
    """Status and text of a response."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


class Child:
    """A process that is ended by its id."""

    def __init__(self, folder, name):
        self.folder, self.name, self.process = Path(folder), name, None
        self.log = self.folder / f"{name}.log"

    def spawn(self, command, **keywords):
        with self.log.open("a") as log:
            keywords = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **keywords}
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig=KILL", "--", *map(str, command)], cwd=self.folder, **keywords)

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def wait_until(self, is_true, seconds=30):
        deadline = time.monotonic() + seconds
        while not is_true():
            if not self.is_running() or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def end(self):
        if self.is_running():
            self.process.kill()
        if self.process is not None:
            self.process.wait(30)


class Server(Child):
    """connvo-server serve, with an admin listener."""

    def __init__(self, folder, name, database_url, jwks, **settings):
        super().__init__(folder, name)
        self.port, self.admin_port = free_port(), free_port()
        # Where its standard error goes; None stands for the file.
        self.standard_error = None
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8",
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            "DATABASE_URL": database_url, "HTTP_PORT": str(self.port), "ADMIN_PORT": str(self.admin_port),
            "STREAM_API_SECRET": "a secret of a drill, 32 bytes or more", "STREAM_GRANTS_CONFIRMED": "true",
            "WORKOS_CLIENT_ID": bench.CLIENT_ID, "WORKOS_JWKS_URL": Path(jwks).as_uri(), "TOKENS_PER_MINUTE": "100000",
            **settings,
        }

    def start(self):
        redirected = {} if self.standard_error is None else {"stderr": self.standard_error}
        self.spawn([os.environ["CONNVO_BINARY"], "serve"], env=self.environment, **redirected)
        self.wait_until(self.is_ready)

    def is_ready(self):
        try:
            return get(self.admin_port, "/readyz")[0] == 200
        except OSError:
            return False

    def stop(self):
        """Ends it as a service manager does. Returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(35)

    def issued(self):
        """How many tokens it has handed out since it was started."""
        text = get(self.admin_port, "/metrics")[1]
        return sum(int(count) for count in re.findall(r"^connvo_tokens_issued_total\{.*\} (\d+)$", text, re.MULTILINE))


class Load(Child):
    """bench/load: arrivals at random, at `rate` a second, whatever the responses are."""

    def __init__(self, folder, port, requests, rate, connections=32, seconds=3600):
        super().__init__(folder, "load")
        self.tokens = self.folder / "tokens"
        self.command = [
            bench.BUILD / "load", "--port", port, "--requests", requests, "--tokens", self.tokens, "--rate", rate,
            "--connections", connections, "--repeat", "--reconnect", "--timeout", 30, "--seconds", seconds,
        ]

    def start(self):
        self.spawn(self.command, stdout=subprocess.PIPE)

    def finish(self, timeout):
        """Waits for the end of its time. Returns its summary."""
        return json.loads(self.process.communicate(timeout=timeout)[0])


class Prometheus(Child):
    """Debian's Prometheus, with the rules of deploy/prometheus and its example of a configuration."""

    def __init__(self, folder, targets):
        super().__init__(folder, "prometheus")
        self.port = free_port()
        # Those on the controls need node_exporter, and days of records.
        rules = sorted(file for file in RULES.glob("*.rules.yml") if file.name != "controls.rules.yml")
        text = (RULES / "prometheus.yml").read_text()
        example, rule_files, node = '"127.0.0.1:8081"', '["*.rules.yml"]', "  - job_name: node\n"
        if not all(text.count(part) == 1 for part in (example, rule_files, node)):
            raise RuntimeError("deploy/prometheus/prometheus.yml is not as the drill expects it")
        text = text[:text.index(node)].replace(rule_files, json.dumps([str(file) for file in rules]))
        text = text.replace(example, ", ".join(f'"127.0.0.1:{port}"' for port in targets))
        (self.folder / "prometheus.yml").write_text(text)

    def start(self):
        program = shutil.which("prometheus") or sys.exit(
            "drill: there is no prometheus: scripts/install-dependencies --tests")
        self.spawn([
            program, "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus.data", "--log.level=warn",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ])
        self.wait_until(self.is_ready)

    def is_ready(self):
        try:
            return get(self.port, "/-/ready")[0] == 200
        except OSError:
            return False

    def ask(self, path):
        status, text = get(self.port, path)
        if status != 200:
            raise RuntimeError(f"Prometheus answered {status} to {path}: {text[:300]}")
        return json.loads(text)["data"]

    def firing(self):
        """The names of the alerts that fire now."""
        alerts = self.ask("/api/v1/alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def value(self, expression):
        result = self.ask("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))["result"]
        return float(result[0]["value"][1]) if result else None
