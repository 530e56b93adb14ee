"""PostgreSQL clusters of a drill: each a child of this process, on a Unix socket in a folder of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
# How long PostgreSQL may take to start or to stop, in seconds.
PATIENCE = 60

SETTINGS = """
listen_addresses = ''
max_connections = 100
fsync = off
full_page_writes = off
timezone = 'Asia/Kathmandu'
log_checkpoints = off
log_line_prefix = '%m [%p] %q%d/%a '
"""


def owner():
    """The user that PostgreSQL runs as: it refuses root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("neither the user postgres nor nobody exists")


def as_owner():
    """What to put before a command so that this user runs it. It ends with the thread that starts it."""
    user = owner()
    become = [] if os.geteuid() == user.pw_uid else [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    return ["setpriv", *become, "--pdeathsig=KILL", "--"]


def programs():
    """The directory of PostgreSQL's programs."""
    command = [CHECKOUT / "scripts/postgres-bin"]
    return Path(subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip())


class Cluster:
    """A server, its data and its log; none runs until `start`."""

    def __init__(self, folder, bin):
        self.folder, self.bin, self.process = Path(folder), bin, None
        self.data = self.folder / "data"

    def _run(self, *command, timeout=PATIENCE):
        result = subprocess.run(
            [*as_owner(), *map(str, command)], cwd=self.folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout)
        if result.returncode != 0:
            raise RuntimeError(f"{Path(command[0]).name} failed: {result.stderr.strip()}")

    def _take_folder(self):
        self.folder.mkdir(mode=0o711)
        if os.geteuid() == 0:
            os.chown(self.folder, owner().pw_uid, owner().pw_gid)

    def make(self):
        self._take_folder()
        self._run(
            self.bin / "initdb", "--pgdata=data", "--username=postgres", "--auth=trust", "--no-locale", "--encoding=UTF8",
            "--no-sync", "--no-instructions")
        self.configure(SETTINGS)

    def copy(self, folder):
        """Another cluster with the data of this one, which does not run."""
        other = Cluster(folder, self.bin)
        other._take_folder()
        # Archive mode keeps the owner.
        subprocess.run(["cp", "--archive", self.data, other.data], check=True, timeout=PATIENCE)
        return other

    def standby(self, folder, name):
        """A standby that streams from this cluster, as `name`; not started yet."""
        other = Cluster(folder, self.bin)
        other._take_folder()
        source = f"host={self.folder} user=postgres application_name={name}"
        other._run(
            self.bin / "pg_basebackup", f"--dbname={source}", "--pgdata=data", "--wal-method=stream", "--checkpoint=fast",
            "--no-sync", "--write-recovery-conf", timeout=2 * PATIENCE)
        return other

    def configure(self, text):
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(text)

    def start(self, accepts=True):
        """Starts it and waits until it accepts connections."""
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [*as_owner(), str(self.bin / "postgres"), "-D", "data", "-k", str(self.folder)], cwd=self.folder,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE
        while accepts and not self.accepts():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("PostgreSQL does not start: " + (self.folder / "log").read_text()[-2000:])
            time.sleep(0.1)

    def accepts(self):
        command = [self.bin / "pg_isready", "--quiet", "--host", self.folder, "--timeout=5"]
        return subprocess.run(command, timeout=30).returncode == 0

    def stop(self, how=signal.SIGQUIT):
        """SIGQUIT ends it as a crash does, SIGINT ends its sessions and writes a checkpoint."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(PATIENCE)
        self.process = None

    def url(self, user="postgres", database="connvo"):
        return f"postgresql:///{database}?host={self.folder}&port=5432&user={user}"

    def psql(self, *arguments, **keywords):
        """A client, running."""
        command = [self.bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", self.url(), *arguments]
        return subprocess.Popen(
            ["setpriv", "--pdeathsig=KILL", "--", *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, **keywords)

    def query(self, sql, database="connvo", timeout=PATIENCE):
        command = [self.bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        result = subprocess.run(
            [*command, self.url(database=database)], input=sql, capture_output=True, text=True, timeout=timeout)
        if result.returncode != 0:
            raise RuntimeError(f"psql: {result.stderr.strip()}")
        return result.stdout.strip()

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
