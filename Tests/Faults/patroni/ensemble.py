"""Patroni with three nodes, etcd and HAProxy, from Debian's packages, on this machine."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
import probe  # noqa: E402
import processes  # noqa: E402
from cluster import postgres_user  # noqa: E402
from processes import ROOT, Failure, free_port, run, wait_until  # noqa: E402

sys.path.insert(1, str(ROOT / "bench"))
import measure  # noqa: E402

# Shorter than Patroni's own 30, 10 and 10 s, so that a run stays short: how long the lock of a dead primary stands adds
# to an outage, and not to what is measured from the promotion on.
TTL, LOOP_WAIT, RETRY_TIMEOUT = 10, 2, 3
# What may take long on a busy machine: a base backup, pg_rewind, an election.
PATIENCE = 120

CONFIGURATION = """
scope: connvo
name: {name}
log: {{level: INFO}}
restapi: {{listen: "127.0.0.1:{api}", connect_address: "127.0.0.1:{api}"}}
etcd3: {{hosts: "127.0.0.1:{etcd}"}}
bootstrap:
  dcs:
    ttl: {ttl}
    loop_wait: {loop_wait}
    retry_timeout: {retry_timeout}
    maximum_lag_on_failover: 1048576
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      parameters: {{max_connections: 100, timezone: UTC}}
  initdb: [{{encoding: UTF8}}, {{locale: C}}, data-checksums]
  pg_hba: ["local all all trust", "host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
postgresql:
  listen: "127.0.0.1:{port}"
  connect_address: "127.0.0.1:{port}"
  data_dir: {folder}/data
  bin_dir: {bin}
  pgpass: {folder}/pgpass
  authentication:
    superuser: {{username: postgres}}
    replication: {{username: replicator}}
  parameters: {{unix_socket_directories: {folder}}}
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
tags: {{}}
"""


def program(name):
    found = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], "/usr/sbin", "/usr/bin")))
    if not found:
        raise Failure(f"there is no {name}: scripts/install-dependencies --tests")
    return found


class Child:
    """A process in a folder of its own; `user` None stands for the caller."""

    def __init__(self, folder, name, user=None):
        self.folder, self.name, self.user, self.process = folder, name, user, None
        self.folder.mkdir(mode=0o711)
        if user:
            os.chown(self.folder, user.number, user.group)

    def spawn(self, *command):
        with open(self.folder / f"{self.name}.log", "a") as log:
            self.process = processes.start(
                *command, user=self.user, cwd=self.folder, stdout=log, stderr=log,
                env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.folder)})

    def end(self):
        if self.process is not None:
            processes.end(self.process)


class Etcd(Child):
    def __init__(self, folder):
        super().__init__(folder, "etcd", postgres_user())
        self.port, self.peer_port = free_port(), free_port()

    def start(self):
        url, peer = f"http://127.0.0.1:{self.port}", f"http://127.0.0.1:{self.peer_port}"
        self.spawn(
            program("etcd"), "--name=one", f"--data-dir={self.folder}/etcd.data", f"--listen-client-urls={url}",
            f"--advertise-client-urls={url}", f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=one={peer}", "--log-level=warn")
        wait_until(lambda: probe.get(self.port, "/health")[0] == 200, 30, "etcd is healthy")


class Node(Child):
    """Patroni, which starts PostgreSQL as its child."""

    def __init__(self, folder, name, etcd, bin):
        super().__init__(folder, name, postgres_user())
        self.bin, self.port, self.api = bin, free_port(), free_port()
        values = {
            "name": name, "api": self.api, "etcd": etcd.port, "port": self.port, "folder": self.folder, "bin": bin,
            "ttl": TTL, "loop_wait": LOOP_WAIT, "retry_timeout": RETRY_TIMEOUT,
        }
        (self.folder / "patroni.yml").write_text(CONFIGURATION.format(**values))

    def start(self):
        self.spawn(program("patroni"), "patroni.yml")

    def family(self):
        """Patroni, PostgreSQL and their children: a postmaster that pg_ctl started has no parent here."""
        found = measure.family(self.process.pid) if self.process else []
        try:
            postmaster = int((self.folder / "data/postmaster.pid").read_text().split()[0])
            # The file outlives a process that was killed, and another one may have its id.
            if os.readlink(f"/proc/{postmaster}/cwd") == str(self.folder / "data"):
                found += measure.family(postmaster)
        except (OSError, IndexError, ValueError):
            pass
        return list(dict.fromkeys(found))

    def kill(self):
        """As a machine that loses its power: all of it, at once."""
        family = self.family()
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in family:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass
        self.process.wait(30)

    def receivers(self):
        """The processes that receive the stream of the primary."""
        found = []
        for pid in self.family():
            try:
                if b"walreceiver" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def end(self):
        if self.process is not None:
            self.kill()

    def ask(self, path):
        """What Patroni says: status and the JSON, None when it does not answer."""
        status, text = probe.get(self.api, path)
        try:
            return status, json.loads(text)
        except ValueError:
            return None, None

    def request(self, method, path, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.api, timeout=PATIENCE)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def psql(self, database="connvo"):
        return [
            self.bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
            "--host", self.folder, "--port", self.port, "--username", "postgres", "--dbname", database]

    def session(self):
        """A client that stays, for questions one after the other."""
        return processes.start(
            *self.psql(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def query(self, sql, database="connvo"):
        return run(*self.psql(database), "--command", sql, timeout=PATIENCE).strip()

    def url(self):
        return f"postgresql:///connvo?host={self.folder}&port={self.port}&user=postgres"


class HAProxy(Child):
    """deploy/haproxy-patroni.cfg for these nodes."""

    def __init__(self, folder, nodes):
        super().__init__(folder, "haproxy")
        self.port = free_port()
        text = (ROOT / "deploy/haproxy-patroni.cfg").read_text()
        if text.count("bind 127.0.0.1:5000\n") != 1:
            raise Failure("deploy/haproxy-patroni.cfg does not bind 127.0.0.1:5000")
        text = text.replace("bind 127.0.0.1:5000\n", f"bind 127.0.0.1:{self.port}\n")
        for number, node in enumerate(nodes, 1):
            example = f"node{number} 127.0.0.{number}:5432 port 8008"
            if text.count(example) != 1:
                raise Failure(f"deploy/haproxy-patroni.cfg has not one {example}")
            text = text.replace(example, f"node{number} 127.0.0.1:{node.port} port {node.api}")
        (self.folder / "haproxy.cfg").write_text(text)

    def start(self):
        self.spawn(program("haproxy"), "-db", "-f", "haproxy.cfg")


class Ensemble:
    """All of it. `start` returns when one node leads, two stream, and one of these is synchronous."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.bin = Path(run(ROOT / "scripts/postgres-bin").strip())
        self.children = []

    def start(self):
        etcd = Etcd(self.folder / "etcd")
        self._start(etcd)
        self.nodes = [Node(self.folder / name, name, etcd, self.bin) for name in ("node1", "node2", "node3")]
        for node in self.nodes:
            self._start(node)
        self.wait_until_whole()
        proxy = HAProxy(self.folder / "haproxy", self.nodes)
        self._start(proxy)
        self.proxy_port = proxy.port

    def _start(self, child):
        self.children.append(child)
        child.start()

    def end(self):
        for child in reversed(self.children):
            child.end()

    def members(self):
        for node in self.nodes:
            status, answer = node.ask("/cluster")
            if status == 200 and "members" in answer:
                return answer["members"]
        return []

    def is_synchronous(self):
        return any((node.ask("/config")[1] or {}).get("synchronous_mode") for node in self.nodes)

    def is_whole(self):
        members = self.members()
        roles = sorted(member["role"] for member in members)
        wanted = ["leader", "replica", "sync_standby"] if self.is_synchronous() else ["leader", "replica", "replica"]
        leader = self.leader()
        if roles != wanted or leader is None or any(member["state"] not in ("running", "streaming") for member in members):
            return False
        streaming = leader.query("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "postgres")
        return streaming == "2"

    def wait_until_whole(self):
        began = time.monotonic()
        while True:
            try:
                if self.is_whole():
                    return time.monotonic() - began
            except Failure:
                pass
            if time.monotonic() > began + PATIENCE:
                raise Failure(f"the nodes do not come together: {self.members()}")
            time.sleep(0.2)

    def leader(self):
        for node in self.nodes:
            if node.ask("/primary")[0] == 200:
                return node
        return None

    def followers(self):
        leader = self.leader()
        return [node for node in self.nodes if node is not leader]

    def synchronous_standby(self):
        names = [member["name"] for member in self.members() if member["role"] == "sync_standby"]
        return next((node for node in self.nodes if node.name in names), None)

    def configure(self, **values):
        status, text = self.nodes[0].request("PATCH", "/config", values)
        if status != 200:
            raise Failure(f"Patroni does not take {values}: {text}")

    def urls(self):
        """For connvo-server: by HAProxy, and by the three nodes themselves."""
        user, options = "connvo_server", "sslmode=disable"
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return (
            f"postgresql://{user}@127.0.0.1:{self.proxy_port}/connvo?{options}",
            f"postgresql://{user}@{hosts}/connvo?{options}",
        )


class Promotion(threading.Thread):
    """Sees, to 20 ms, when one of these nodes accepts writes."""

    def __init__(self, nodes):
        super().__init__()
        self.sessions = [(node, node.session()) for node in nodes]
        self.stopping = threading.Event()
        self.at, self.node = None, None

    def run(self):
        while self.at is None and not self.stopping.wait(0.02):
            for node, session in self.sessions:
                try:
                    session.stdin.write("SELECT pg_is_in_recovery();\n")
                    session.stdin.flush()
                    if session.stdout.readline().strip() == "f":
                        self.at, self.node = time.monotonic(), node
                except (BrokenPipeError, ValueError):
                    pass

    def end(self):
        self.stopping.set()
        for _, session in self.sessions:
            session.kill()
            session.wait(30)
        self.join()
