"""The server under test: the release binary, as an operator runs it."""

import json
import os
import re
import secrets
import signal
import time

import processes
from load import CLIENT_ID
from processes import Failure, free_port, wait_until

TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, folder, binary, database_url, name="server", prefix=(), **environment):
        self.folder, self.binary, self.name = folder, binary, name
        self.secret = secrets.token_hex(32)
        self.admin_port = free_port()
        self.log = folder / f"{name}.log"
        # What it is run with, for instance a limit: a program that executes the rest of its arguments.
        self.prefix = list(prefix)
        self.standard_error = None
        self.process, self.port = None, None
        # Where in the log the lines of each process begin, in bytes.
        self.begins = []
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8",
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            "DATABASE_URL": database_url, "HTTP_PORT": "0", "ADMIN_PORT": str(self.admin_port), "LOG_FORMAT": "json",
            "STREAM_API_SECRET": self.secret, "STREAM_GRANTS_CONFIRMED": "true", "TOKENS_PER_MINUTE": "100000",
            "WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_JWKS_URL": (folder / "jwks.json").as_uri(),
            **{key: str(value) for key, value in environment.items()},
        }

    def start(self, ready=True, seconds=30):
        """Starts it; waits until it listens, and until it is ready when it should be. Returns the seconds it took."""
        began = time.monotonic()
        seen = self.log.stat().st_size if self.log.exists() else 0
        self.begins.append(seen)
        with open(self.log, "ab") as log:
            self.process = processes.start(
                *self.prefix, self.binary, "serve", cwd=self.folder, env=self.environment,
                stdout=log, stderr=self.standard_error or log)

        def listens():
            if self.process.poll() is not None:
                raise Failure(f"{self.name} ended with {self.process.returncode}:\n{self.text(seen)[-2000:]}")
            found = re.search(r"public listener is listening on [0-9.]+:(\d+)", self.text(seen))
            if found:
                self.port = int(found[1])
            return found or self.environment["HTTP_PORT"] != "0" and self.is_alive()

        wait_until(listens, seconds, "the server listens", 0.005)
        self.port = self.port or int(self.environment["HTTP_PORT"])
        if ready:
            wait_until(self.is_ready, seconds, "the server is ready", 0.005)
        return time.monotonic() - began

    def text(self, since=0):
        with open(self.log, "rb") as file:
            file.seek(since)
            return file.read().decode(errors="replace")

    def lines(self):
        """What it logged, as objects. A line that is not JSON has only a message."""
        return (line for _, line in self.lines_of_processes())

    def lines_of_processes(self):
        """What it logged, each with the number of the process: one for each start."""
        data = self.log.read_bytes() if self.log.exists() else b""
        for number, (began, ended) in enumerate(zip(self.begins, [*self.begins[1:], len(data)])):
            for line in data[began:ended].decode(errors="replace").splitlines():
                try:
                    yield number, json.loads(line)
                except ValueError:
                    yield number, {"message": line}

    def send_signal(self, number):
        self.process.send_signal(number)

    def stop(self, number=signal.SIGKILL, seconds=30):
        return processes.end(self.process, number, seconds) if self.process else None

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    # Probes

    def get(self, path, port=None, timeout=5):
        """Status and text; 0 when there is no response."""
        import probe
        return probe.get(port or self.admin_port, path, timeout)

    def is_alive(self):
        return self.get("/livez")[0] == 200

    def is_ready(self):
        return self.get("/readyz")[0] == 200

    def obstacles(self):
        return self.get("/readyz?verbose")[1]

    def metric(self, name):
        """The sum of a metric over its labels."""
        values = re.findall(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+-]+)$", self.get("/metrics")[1], re.MULTILINE)
        return sum(map(float, values))

    # What it uses

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def _status(self, name):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(rf"^{name}:\s+(\d+)", file.read(), re.MULTILINE)[1])

    def threads(self):
        return self._status("Threads")

    def memory_mb(self):
        return self._status("VmRSS") / 1024

    def most_memory_mb(self):
        """Since it was started."""
        return self._status("VmHWM") / 1024

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS
