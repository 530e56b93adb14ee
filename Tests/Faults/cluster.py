"""PostgreSQL servers of the suite: a template that is made once, and a copy of it for each scenario."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from collections import namedtuple
from pathlib import Path

import processes
from processes import BENCH, ROOT, Failure, run, wait_until

USERS = 2_000
User = namedtuple("User", "name number group")

# Everything that is not about a fault is the default of PostgreSQL 15.
SETTINGS = {
    "listen_addresses": "", "max_connections": 100, "fsync": "off", "timezone": "Asia/Kathmandu",
    "log_checkpoints": "off", "log_line_prefix": "%m [%p] %q%d/%a ", "shared_buffers": "64MB", "max_wal_size": "128MB",
    "min_wal_size": "32MB", "superuser_reserved_connections": 3,
}


def postgres_user():
    """PostgreSQL refuses to run as root: then its programs run as `postgres`, or `nobody` where there is none."""
    if not processes.is_root():
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return User(name, entry.pw_uid, entry.pw_gid)
        except KeyError:
            pass
    raise Failure("there is neither a user postgres nor nobody")


class Cluster:
    """One PostgreSQL server. It listens on a Unix socket in its folder, and on TCP when its settings say so."""

    def __init__(self, folder, of=None, **settings):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.bin = Path(run(ROOT / "scripts/postgres-bin").strip())
        self.user = postgres_user()
        self.settings = {**SETTINGS, **settings}
        self.process = None
        # What it is run in, for instance a network namespace: a program that executes the rest of its arguments.
        self.prefix = []
        self.log = self.folder / "postgres.log"
        self.folder.mkdir(exist_ok=True)
        self._own(self.folder)
        self.folder.chmod(0o711)
        if of:
            run("cp", "--archive", of.data, self.data)
        self.log.touch()
        self._own(self.log)

    def _own(self, path):
        if self.user:
            os.chown(path, self.user.number, self.user.group)

    def _become(self):
        if not self.user:
            return []
        return ["setpriv", "--reuid", self.user.name, "--regid", str(self.user.group), "--clear-groups"]

    def program(self, name, *arguments, **keywords):
        """Runs one of PostgreSQL's programs as the owner of the cluster."""
        return run(*self._become(), self.bin / name, *arguments, cwd=self.folder, **keywords)

    def initialize(self):
        self.program(
            "initdb", "--pgdata", self.data, "--username", "postgres", "--auth", "trust", "--no-locale",
            "--encoding", "UTF8", "--no-instructions", "--no-sync", "--wal-segsize", "1")

    # Start and end

    def start(self, wait=True, **settings):
        """Starts it; waits until it accepts connections, and returns that time."""
        self.settings.update(settings)
        options = {**self.settings, "unix_socket_directories": self.folder}
        if options["fsync"] == "off":
            options["full_page_writes"] = "off"
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        # After a crash the old processes may still hold the shared memory.
        for _ in range(50):
            with open(self.log, "a") as log:
                self.process = processes.start(
                    self.bin / "postgres", "-D", self.data, *arguments, user=self.user, death="QUIT", prefix=self.prefix,
                    cwd=self.folder, stdout=log, stderr=log)
            if not wait:
                return time.monotonic()
            if accepted := wait_until(lambda: self.accepts() or self.process.poll() is not None, 60):
                if self.process.poll() is None:
                    return time.monotonic() if accepted else None
            time.sleep(0.1)
        raise Failure("PostgreSQL does not start:\n" + self.log.read_text()[-2000:])

    @property
    def port(self):
        return int(self.settings.get("port", 5432))

    def accepts(self):
        command = [str(self.bin / "pg_isready"), "-q", "-h", str(self.folder), "-p", str(self.port)]
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def stop(self, mode="fast"):
        """`fast` ends sessions, `immediate` recovers at the next start, `crash` is SIGKILL."""
        number = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "crash": signal.SIGKILL}[mode]
        if self.process:
            processes.end(self.process, number)
            self.process = None

    def restart(self, mode="fast"):
        """Returns when it was stopped and when it accepted connections again."""
        stopped = time.monotonic()
        self.stop(mode)
        return stopped, self.start()

    def send_signal(self, number):
        """Sends a signal to the postmaster and every process of it (STOP, CONT)."""
        children = run("pgrep", "--parent", self.process.pid).split()
        for pid in (self.process.pid, *map(int, children)):
            os.kill(pid, number)

    def touch(self, name):
        """Makes an empty file in the data directory, as its owner."""
        (self.data / name).touch()
        self._own(self.data / name)

    # Statements

    def psql(self, database="connvo"):
        return [
            str(self.bin / "psql"), "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1",
            "--host", str(self.folder), "--port", str(self.port), "--username", "postgres", "--dbname", database]

    def query(self, text, database="connvo", timeout=60):
        return run(*self.psql(database), "--command", text, timeout=timeout).strip()

    def session(self):
        return Session(self)

    def backends(self, condition="true"):
        """The server's sessions, as PostgreSQL sees them."""
        return int(self.query(f"SELECT count(*) FROM pg_stat_activity WHERE usename = 'connvo_server' AND {condition}"))

    def url(self, user="connvo_server", extra=""):
        return f"postgresql:///connvo?host={self.folder}&port={self.port}&user={user}{extra}"

    def connvo(self, binary, *arguments, **keywords):
        """Runs a command of connvo-server as an administrator of the database."""
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": self.url("postgres")}
        return run(binary, *arguments, cwd=self.folder, env=environment, **keywords)

    def records(self):
        """All records, as pairs of id and SHA-256. A list: an id that is there twice must be seen."""
        records = "SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens"
        output = self.query(f"COPY ({records}) TO STDOUT", timeout=600)
        rows = (line.split("\t") for line in output.splitlines())
        return [(bytes.fromhex(id.replace("-", "")), bytes.fromhex(digest)) for id, digest in rows]


class Session:
    """A session of psql that stays open, for statements in quick succession and for locks."""

    def __init__(self, cluster, database="connvo"):
        self.process = processes.start(
            *cluster.psql(database), text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, text):
        self.process.stdin.write(text + ";\n")
        self.process.stdin.flush()

    def query(self, text):
        """One value; None when the session has ended."""
        self.send(text)
        return self.process.stdout.readline().strip() or None

    def close(self):
        processes.end(self.process)
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def make_template(folder, binary):
    """The cluster that all are copied from: migrated, with the server's login and business data."""
    cluster = Cluster(folder)
    cluster.initialize()
    cluster.start()
    cluster.query("CREATE DATABASE connvo", "postgres")
    cluster.connvo(binary, "migrate", "up")
    cluster.query("CREATE ROLE connvo_server LOGIN IN ROLE connvo_app")
    run(*cluster.psql(), f"--set=users={USERS}", "--set=records=0", "--file", BENCH / "seed.sql", timeout=300)
    cluster.stop()
    return cluster


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
