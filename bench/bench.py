"""Runs the phases of the benchmark in turn, round after round. Run it with `scripts/bench`."""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
import math
import os
import random
import re
import secrets
import shutil
import signal
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from pathlib import Path

import measure
import rust_peer
import verify

CHECKOUT = Path(__file__).resolve().parent.parent
BENCH = CHECKOUT / "bench"
BUILD = CHECKOUT / ".build-bench"
VENV = CHECKOUT / ".venv-bench"

PHASES = ["pgbench", "unique", "plain", "two", "tls", "repeated", "open", "rust", "rust-batch", "peer"]
# Those that run when none are named.
USUAL_PHASES = [phase for phase in PHASES if phase not in ("two", "plain")]
# `unique` and what it is compared with run one after the other, forwards in one round and backwards in the next.
NEIGHBOURS = ["rust-batch", "unique", "plain"]
CLIENT_ID = "client_01KQJZ5BENCH0000000000000"
ISSUER = f"https://api.workos.com/user_management/{CLIENT_ID}"
TOKEN_LIFETIME = 12 * 3600
# With this quota no request is refused; with 0 requests would not be counted.
TOKENS_PER_MINUTE = 100_000
# The largest rate for which there are enough unused tokens, in requests a second.
HIGHEST_RATE = 20_000
WARM_UP = 2_000
# As many connections to the database as pgbench is fastest with, in two processes.
PEER_WORKERS, PEER_POOL_SIZE = 2, 8
# What the Rust peer has, in one process: with one statement a request, and with batches.
RUST_POOL_SIZE, RUST_BATCH_CONNECTIONS = 8, 2
# Users of phase plain: those of --scale 1.
PLAIN_USERS = 100_000

# No statement is planned anew each time, or reads a whole table. connvo-server sets this for itself.
PGOPTIONS = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
# Settings that an operator would change; all others are the defaults, fsync and synchronous_commit included.
POSTGRES_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}


def parse_options():
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures issuance against pgbench and peers, on a PostgreSQL of its own. CONNVO_BINARY=FILE "
        "measures that binary and builds none. bench/README.md says what each figure means.",
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each phase runs (3)")
    parser.add_argument("--seconds", type=float, default=6, help="how long each phase is (6)")
    parser.add_argument("--phases", type=lambda text: text.split(","), default=USUAL_PHASES,
        help=",".join(PHASES) + " (all but two and plain: two servers on one database, with half the connections "
        "each; and a database without --scale, --records and --months)")
    parser.add_argument("--scale", type=float, default=1, help="1 is 100,000 users in 20,000 meetings of five (1)")
    parser.add_argument("--records", type=int, default=0, help="records of this month that exist before (0)")
    parser.add_argument("--months", type=int, default=1, help="months of records that have a partition, this one included (1)")
    parser.add_argument(
        "--clients", type=lambda text: [int(number) for number in text.split(",")], default=[1, 8, 16, 32, 64],
        help="connections of pgbench (1,8,16,32,64)")
    parser.add_argument("--connections", type=int, default=64, help="connections to the server and to the peer (64)")
    parser.add_argument("--rate", type=float, default=1000, help="requests a second in phase open (1000)")
    parser.add_argument("--repeated-tokens", type=int, default=2000, help="distinct tokens in phase repeated (2000)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, those of every round included")
    parser.add_argument("--keep", action="store_true", help="keep logs, summaries and received tokens, and say where")
    options = parser.parse_args()
    unknown = set(options.phases) - set(PHASES)
    if unknown:
        parser.error("--phases takes " + ",".join(PHASES))
    if not (1 <= options.rounds <= 100 and 0.2 <= options.seconds <= 600 and 0.01 <= options.scale <= 100):
        parser.error("--rounds takes 1 to 100, --seconds 0.2 to 600, --scale 0.01 to 100")
    if not (0 <= options.records and 1 <= options.months <= 600):
        parser.error("--records takes 0 or more, --months 1 to 600")
    return options


def leave_out_rust(options, reason):
    """Removes the phases of a peer that could not be built."""
    left_out = [phase for phase in options.phases if phase.startswith("rust")]
    if left_out:
        say(f"without {' and '.join(left_out)}: {reason}")
        options.phases = [phase for phase in options.phases if phase not in left_out]


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(*command, timeout=600, **keywords):
    """Runs a command to its end; fails when it does."""
    return subprocess.run([str(word) for word in command], check=True, timeout=timeout, text=True, **keywords)


def start(*command, **keywords):
    """Starts a process that ends with this one, however this one ends."""
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *map(str, command)], text=True, **keywords)


# --- Before PostgreSQL is started


def prepare(options):
    """Installs and builds everything. Sets CONNVO_BINARY."""
    install = [CHECKOUT / "scripts/install-dependencies"]
    run(*install, *(["--tests"] if "peer" in options.phases else []), stdout=sys.stderr, timeout=1800)
    use_release_binary()

    BUILD.mkdir(exist_ok=True)
    compiler = shutil.which("cc") or shutil.which("clang") or sys.exit("bench: no C compiler (cc, clang) in PATH")
    for name, libraries in (("load", ["-lm", "-lssl", "-lcrypto"]), ("sign", ["-lcrypto", "-lpthread"])):
        program, source = BUILD / name, BENCH / f"{name}.c"
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            run(compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", program, source, *libraries)
    if "peer" in options.phases:
        make_virtual_environment()
    if any(phase.startswith("rust") for phase in options.phases) and (reason := rust_peer.build()):
        leave_out_rust(options, reason)


def use_release_binary():
    """Sets CONNVO_BINARY to the one that it names, or that scripts/build-release builds. Ends this program without one."""
    build = subprocess.run([CHECKOUT / "scripts/build-release"], stdout=subprocess.PIPE, text=True, timeout=3600)
    if build.returncode != 0:
        sys.exit(build.returncode)
    os.environ["CONNVO_BINARY"] = build.stdout.strip()


def make_virtual_environment():
    wanted, installed = BENCH / "peer/requirements.txt", VENV / "requirements.txt"
    if installed.exists() and installed.read_bytes() == wanted.read_bytes():
        return
    say("installing what the peer is built from")
    shutil.rmtree(VENV, ignore_errors=True)
    run(sys.executable, "-m", "venv", VENV)
    pip = [VENV / "bin/pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--requirement", wanted, stdout=sys.stderr)
    shutil.copy(wanted, installed)


# --- PostgreSQL


class Postgres:
    """The server that scripts/with-postgres has started."""

    def __init__(self):
        self.home = os.environ["PGHOST"]
        self.bin = Path(run(CHECKOUT / "scripts/postgres-bin", capture_output=True).stdout.strip())

    def query(self, text):
        command = [self.bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", text]
        return run(*command, capture_output=True).stdout.strip()

    def configure(self, settings=POSTGRES_SETTINGS):
        """Applies the settings, which takes a restart, and makes the database and the server's login."""
        for name, value in settings.items():
            self.query(f"ALTER SYSTEM SET {name} = '{value}'")
        self.restart("fast", stdout=subprocess.DEVNULL)
        self.query("CREATE DATABASE connvo")
        os.environ["PGDATABASE"] = "connvo"

    def restart(self, mode, **keywords):
        """Restarts the server as its owner and waits until it accepts connections; `mode` is that of pg_ctl."""
        owner = os.stat(self.home)
        become = []
        if os.geteuid() != owner.st_uid:
            become = ["setpriv", f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups"]
        restart = ["--pgdata=data", "--log=log", f"--mode={mode}", "--wait", "--silent", "restart"]
        run(*become, self.bin / "pg_ctl", *restart, cwd=self.home, stdin=subprocess.DEVNULL, **keywords)

    def seed(self, users, records):
        variables = [f"--set=users={users}", f"--set=records={records}"]
        run(self.bin / "psql", "--no-psqlrc", "--quiet", *variables, "--file", BENCH / "seed.sql", timeout=3600)

    def add_months(self, count):
        """Makes partitions of both record tables, so that there are `count` months up to this one."""
        self.query(f"""
            SET ROLE connvo_owner;
            SELECT connvo.create_partition(record_table, CAST(month AS date))
            FROM unnest(ARRAY['issued_tokens', 'token_refusals']) AS record_table,
                date_trunc('month', now() AT TIME ZONE 'UTC') AS this,
                generate_series(this - interval '{count - 1} months', this - interval '1 month', interval '1 month') AS month
        """)

    def now(self):
        return self.query("SELECT clock_timestamp()")

    def records_since(self, time):
        return int(self.query(f"SELECT count(*) FROM connvo.issued_tokens WHERE issued_at >= '{time}'"))

    def records_per_transaction(self, time):
        """By the transaction that wrote each record: how large batches were on average."""
        return float(self.query(
            "SELECT round(count(*)::numeric / greatest(count(DISTINCT xmin::text), 1), 1) "
            f"FROM connvo.issued_tokens WHERE issued_at >= '{time}'"))

    def refusals(self):
        return int(self.query("SELECT count(*) FROM connvo.token_refusals"))

    def checkpoints(self):
        return int(self.query("SELECT checkpoints_timed + checkpoints_req FROM pg_stat_bgwriter"))

    def cpu_seconds(self):
        """Of all its processes: the postmaster, what is running, and what has ended."""
        # A backend whose client has just disconnected may still be ending.
        time.sleep(0.1)
        with open(f"{self.home}/data/postmaster.pid") as file:
            return measure.cpu_seconds(int(file.readline()))

    def url(self, user):
        return f"postgresql:///{os.environ['PGDATABASE']}?host={self.home}&port={os.environ['PGPORT']}&user={user}"


# --- Requests


def prepare_requests(count, users, work, valid_for, name="requests"):
    """A file of requests with a bearer token each, all different, which are valid for so many seconds at least; that of
    an earlier run when it is as good. Returns the file, how many there are, and the key set."""
    requests, key, jwks, label = (BUILD / file for file in (f"{name}.tsv", "key.pem", "jwks.json", f"{name}.json"))
    sources = sha256((BENCH / "seed.sql").read_bytes() + (BENCH / "sign.c").read_bytes()).hexdigest()
    wanted = {"users": users, "sources": sources}
    try:
        made = json.loads(label.read_text())
        fits = made["count"] >= count and made["until"] > time.time() + valid_for and {**made, **wanted} == made
        if fits and requests.exists() and jwks.exists():
            return requests, made["count"], jwks
    except (OSError, ValueError, KeyError):
        pass

    say(f"signing {count} bearer tokens, valid for 12 hours")
    label.unlink(missing_ok=True)
    order = list(range(users))
    random.Random(7).shuffle(order)
    with open(work / "pairs", "w") as file:
        for index in range(count):
            p = order[index % users]
            file.write(f"user_01KQJZ5{10**18 + p * 7919 % users}\tmeeting_01KQJZ5{10**18 + p // 5}\n")
    with open(work / "pairs") as pairs, open(requests, "w") as output:
        sign = ["--key", key, "--jwks", jwks, "--issuer", ISSUER, "--lifetime", TOKEN_LIFETIME]
        run(BUILD / "sign", *sign, stdin=pairs, stdout=output, timeout=3600)
    (work / "pairs").unlink()
    label.write_text(json.dumps({**wanted, "count": count, "until": time.time() + TOKEN_LIFETIME}))
    return requests, count, jwks


# --- What is measured


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Subject:
    """A server that is restarted for each phase, and ended by its process id."""

    tls = False
    # Whether its records have the SHA-256 of the token.
    records_digests = True

    def __init__(self, bench):
        self.bench = bench
        self.port = free_port()
        self.log = bench.work / f"{type(self).__name__.lower()}.log"

    def environment(self):
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.bench.work), "LANG": "C.UTF-8",
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            "STREAM_API_SECRET": self.bench.secret, "TOKENS_PER_MINUTE": str(TOKENS_PER_MINUTE),
        }

    def __enter__(self):
        with open(self.log, "a") as log:
            self.process = start(
                *self.command(), cwd=self.bench.work, env=self.environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        began = time.monotonic()
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > began + 30:
                self.__exit__()
                sys.exit(f"bench: {self.log.name} does not start:\n" + self.log.read_text()[-4000:])
            time.sleep(0.005)
        self.start_ms = (time.monotonic() - began) * 1000
        return self

    def __exit__(self, *_):
        # At once: every response has arrived, and a graceful shutdown would wait for load balancers.
        for pid in measure.family(self.process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(10)


class Ours(Subject):
    """With TLS it has an ECDSA certificate, as authorities give them out today."""

    def command(self):
        return [os.environ["CONNVO_BINARY"], "serve"]

    def __enter__(self):
        if self.tls:
            files = ["-keyout", self.bench.work / "tls-key.pem", "-out", self.bench.work / "tls-certificate.pem"]
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", *files,
                "-days", "90", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", capture_output=True)
        return super().__enter__()

    def environment(self):
        tls = {
            "HTTP_TLS_CERTIFICATE_FILE": str(self.bench.work / "tls-certificate.pem"),
            "HTTP_TLS_KEY_FILE": str(self.bench.work / "tls-key.pem"),
        }
        return super().environment() | (tls if self.tls else {}) | {
            "DATABASE_URL": self.bench.postgres.url("connvo_server"), "HTTP_PORT": str(self.port), "ADMIN_PORT": "0",
            "WORKOS_CLIENT_ID": CLIENT_ID, "WORKOS_JWKS_URL": self.bench.jwks.as_uri(),
            "STREAM_GRANTS_CONFIRMED": "true",
        }

    def connect(self):
        if not self.tls:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        # The certificate was just made: a look at it would prove nothing.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=5, context=context)

    def is_ready(self):
        connection = self.connect()
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


class OursWithTLS(Ours):
    tls = True


class Peer(Subject):
    def command(self):
        self.seen = self.log.stat().st_size if self.log.exists() else 0
        return [
            VENV / "bin/python", "-m", "uvicorn", "app:app", "--app-dir", BENCH / "peer", "--port", self.port,
            "--workers", PEER_WORKERS, "--loop", "uvloop", "--http", "httptools", "--no-access-log",
            "--log-level", "warning",
        ]

    def environment(self):
        return super().environment() | {
            "PEER_DATABASE_URL": self.bench.postgres.url("connvo_server"), "PEER_JWKS_FILE": str(self.bench.jwks),
            "PEER_ISSUER": ISSUER, "PEER_POOL_SIZE": str(PEER_POOL_SIZE), "PYTHONDONTWRITEBYTECODE": "1",
        }

    def is_ready(self):
        return self.log.read_text()[self.seen:].count("peer: ready") == PEER_WORKERS


class Rust(Subject):
    """One statement for each request."""

    connections, batches = RUST_POOL_SIZE, "0"
    records_digests = False

    def command(self):
        self.seen = self.log.stat().st_size if self.log.exists() else 0
        return [rust_peer.PROGRAM]

    def environment(self):
        database = {
            "host": self.bench.postgres.home, "port": os.environ["PGPORT"], "dbname": os.environ["PGDATABASE"],
            "user": "connvo_server", "options": f"'{PGOPTIONS}'",
        }
        return super().environment() | {
            "PEER_PORT": str(self.port), "PEER_DATABASE": " ".join(f"{name}={value}" for name, value in database.items()),
            "PEER_CONNECTIONS": str(self.connections), "PEER_BATCHES": self.batches,
            "PEER_JWKS_FILE": str(self.bench.jwks), "PEER_ISSUER": ISSUER,
        }

    def is_ready(self):
        return "peer: ready" in self.log.read_text()[self.seen:]


class RustBatch(Rust):
    """One statement for all requests that wait."""

    connections, batches = RUST_BATCH_CONNECTIONS, "1"


class Bench:
    def __init__(self, options, work):
        self.options, self.work = options, work
        self.secret = secrets.token_hex(32)
        self.postgres = Postgres()
        self.users = int(20_000 * options.scale) * 5
        self.proved = False
        self.tokens = self.records = 0

    # Preparation

    def prepare(self):
        say("preparing PostgreSQL: " + ", ".join(f"{name} {value}" for name, value in POSTGRES_SETTINGS.items()))
        self.postgres.configure()
        self.migrate()
        self.migrate_noop_ms = statistics.median(self.migrate() for _ in range(5))
        self.postgres.query("CREATE ROLE connvo_server LOGIN IN ROLE connvo_app")
        options = self.options
        say(f"seeding {self.users} users, {self.users // 5} meetings, {options.records} records, {options.months} months")
        self.postgres.add_months(options.months)
        self.postgres.seed(self.users, options.records)
        count = int(HIGHEST_RATE * options.seconds) + WARM_UP
        phases = options.rounds * (len(options.clients) + len(PHASES))
        valid_for = 600 + phases * (options.seconds + 20)
        self.requests, self.request_count, self.jwks = prepare_requests(count, self.users, self.work, valid_for)
        if "plain" in options.phases:
            self.postgres.query("CREATE DATABASE plain")
            self.plain = PLAIN_USERS, *prepare_requests(count, PLAIN_USERS, self.work, valid_for, "requests-plain")[:2]
            with self.on_plain_data():
                self.migrate()
                self.postgres.seed(self.users, 0)
        say("warming up")
        self.pgbench(8, min(2.0, self.options.seconds))

    def migrate(self):
        began = time.monotonic()
        environment = os.environ | {"DATABASE_URL": self.postgres.url(os.environ["PGUSER"])}
        with open(self.work / "migrate.log", "a") as log:
            run(os.environ["CONNVO_BINARY"], "migrate", "up", cwd=self.work, env=environment, stdout=log, stderr=log)
        return (time.monotonic() - began) * 1000

    @contextlib.contextmanager
    def on_plain_data(self):
        """The database of phase plain in the place of the one that the options describe."""
        described = self.users, self.requests, self.request_count, os.environ["PGDATABASE"]
        self.users, self.requests, self.request_count, os.environ["PGDATABASE"] = *self.plain, "plain"
        try:
            yield
        finally:
            self.users, self.requests, self.request_count, os.environ["PGDATABASE"] = described

    # Phases

    def pgbench(self, clients, seconds=None):
        seconds = math.ceil(seconds or self.options.seconds)
        command = [
            "--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--jobs={min(2, clients)}",
            f"--time={seconds}", f"--file={BENCH / 'issue.sql'}", f"--define=users={self.users}",
            "--username=connvo_server", "connvo",
        ]
        environment = os.environ | {"PGOPTIONS": PGOPTIONS}
        since, cpu = self.postgres.now(), self.postgres.cpu_seconds()
        output = run(
            self.postgres.bin / "pgbench", *command, env=environment, capture_output=True, timeout=seconds + 60).stdout
        cpu = self.postgres.cpu_seconds() - cpu
        transactions = int(re.search(r"transactions actually processed: (\d+)", output)[1])
        inserted = self.postgres.records_since(since)
        if transactions != inserted or transactions == 0:
            sys.exit(f"bench: pgbench made {transactions} transactions, but {inserted} records")
        return {
            "tps": float(re.search(r"tps = ([\d.]+)", output)[1]),
            "latency_ms": float(re.search(r"latency average = ([\d.]+)", output)[1]),
            "postgres_cpu_us": cpu / transactions * 1e6,
            "transactions": transactions,
        }

    def load(self, subject, name, *arguments):
        """Runs the load generator; returns its summary and the file of tokens."""
        tokens = self.work / f"{name}.tokens"
        command = [
            BUILD / "load", "--port", subject.port, "--requests", self.requests, "--tokens", tokens,
            "--connections", self.options.connections, *arguments,
        ]
        if subject.tls:
            command.append("--tls")
        process = start(*command, stdout=subprocess.PIPE)
        try:
            output, _ = process.communicate(timeout=self.options.seconds + 60)
        finally:
            process.kill()
        if process.returncode != 0:
            log = subject.log.read_text()[-2000:]
            sys.exit(f"bench: not every request got a token: {output}\n{log}")
        return json.loads(output), tokens

    def serve(self, subject_type, *arguments, same_tokens=False):
        """One phase of a server: warm-up, measurement, verification."""
        part = ["--lines", self.options.repeated_tokens, "--repeat"] if same_tokens else []
        spare = ["--skip", self.request_count - WARM_UP, "--lines", WARM_UP]
        since = self.postgres.now()
        with subject_type(self) as subject:
            _, warm_up = self.load(subject, "warm-up", "--count", WARM_UP, *(part or spare))
            checkpoints = self.postgres.checkpoints()
            cpu, postgres_cpu = measure.cpu_seconds(subject.process.pid), self.postgres.cpu_seconds()
            part = part or ["--lines", self.request_count - WARM_UP]
            result, tokens = self.load(subject, "measured", "--seconds", self.options.seconds, *part, *arguments)
            cpu = measure.cpu_seconds(subject.process.pid) - cpu
            postgres_cpu = self.postgres.cpu_seconds() - postgres_cpu
            rss, peak = measure.memory_mb(subject.process.pid)
        if result["exhausted"]:
            say(f"all {self.request_count - WARM_UP} tokens were used up before the time was: the phase was shorter")
        result |= {
            "server_cpu_us": cpu / result["tokens"] * 1e6,
            "postgres_cpu_us": postgres_cpu / result["tokens"] * 1e6,
            "rss_mb": rss,
            "peak_rss_mb": peak,
            "start_ms": subject.start_ms,
            "checkpoints": self.postgres.checkpoints() - checkpoints,
        }
        result["records_per_transaction"] = self.postgres.records_per_transaction(since)
        compare = self.verify if subject_type.records_digests else self.verify_ids
        result["tokens_answered"], result["records"] = compare(since, [warm_up, tokens])
        return result

    def serve_two(self):
        """Two servers on one database at the same time: half of the connections and of the requests for each."""
        since, half, share = self.postgres.now(), self.options.connections // 2, (self.request_count - WARM_UP) // 2
        spare = ["--skip", self.request_count - WARM_UP, "--lines", WARM_UP // 2]

        def both(name, *parts):
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                return list(pool.map(
                    lambda number: self.load(servers[number], f"{name}-{number}", "--connections", half, *parts[number]), (0, 1)))

        with Ours(self) as first, Ours(self) as second:
            servers = (first, second)
            _, warm_up = self.load(first, "warm-up-0", "--count", WARM_UP // 2, *spare)
            spare[1] += WARM_UP // 2
            _, other_warm_up = self.load(second, "warm-up-1", "--count", WARM_UP // 2, *spare)
            cpu, postgres_cpu = sum(measure.cpu_seconds(server.process.pid) for server in servers), self.postgres.cpu_seconds()
            seconds = ["--seconds", self.options.seconds]
            results = both(
                "measured", [*seconds, "--lines", share], [*seconds, "--skip", share, "--lines", share])
            cpu = sum(measure.cpu_seconds(server.process.pid) for server in servers) - cpu
            postgres_cpu = self.postgres.cpu_seconds() - postgres_cpu
            memory = [measure.memory_mb(server.process.pid) for server in servers]
        parts = [result for result, _ in results]
        tokens = sum(part["tokens"] for part in parts)
        result = {
            "rps": sum(part["rps"] for part in parts), "rps_each": [part["rps"] for part in parts], "tokens": tokens,
            # The larger of the two.
            "latency_ms": {key: max(part["latency_ms"][key] for part in parts) for key in parts[0]["latency_ms"]},
            "load_cpu_us": sum(part["load_cpu_us"] * part["tokens"] for part in parts) / tokens,
            "server_cpu_us": cpu / tokens * 1e6, "postgres_cpu_us": postgres_cpu / tokens * 1e6,
            "rss_mb": sum(rss for rss, _ in memory), "peak_rss_mb": sum(peak for _, peak in memory),
            "records_per_transaction": self.postgres.records_per_transaction(since),
        }
        files = [warm_up, other_warm_up, *(tokens for _, tokens in results)]
        result["tokens_answered"], result["records"] = self.verify(since, files)
        return result

    def verify_ids(self, since, files):
        """For a server whose records do not have the SHA-256 of the token."""
        received = dict.fromkeys(verify.digests(verify.read_tokens(files)))
        records = dict.fromkeys(verify.read_records(since, self.postgres.bin / "psql"))
        verify.compare(received, records)
        return len(received), len(records)

    def verify(self, since, files):
        received = verify.digests(verify.read_tokens(files))
        records = verify.read_records(since, self.postgres.bin / "psql")
        verify.compare(received, records)
        if not self.proved:
            verify.prove(received, records)
            self.proved = True
        if refusals := self.postgres.refusals():
            sys.exit(f"bench: {refusals} refusals were recorded, and none was expected")
        self.tokens += len(received)
        self.records += len(records)
        return len(received), len(records)

    def phase(self, name):
        say(name)
        if name == "pgbench":
            return {str(clients): self.pgbench(clients) for clients in self.options.clients}
        if name == "unique":
            return self.serve(Ours)
        if name == "two":
            return self.serve_two()
        if name == "tls":
            return self.serve(OursWithTLS)
        if name == "repeated":
            return self.serve(Ours, same_tokens=True)
        if name == "open":
            return self.serve(Ours, "--rate", self.options.rate)
        if name == "plain":
            with self.on_plain_data():
                return self.serve(Ours)
        return self.serve({"rust": Rust, "rust-batch": RustBatch, "peer": Peer}[name])

    def run(self):
        rounds = []
        for number in range(self.options.rounds):
            say(f"round {number + 1} of {self.options.rounds}")
            rounds.append({name: self.phase(name) for name in order_of(self.options.phases, number)})
        return rounds


def order_of(phases, number):
    """The order of the phases in the round of this number, counted from 0."""
    neighbours = [phase for phase in NEIGHBOURS if phase in phases]
    groups = [[phase] for phase in phases if phase not in neighbours]
    groups += [neighbours[::-1] if number % 2 else neighbours] if neighbours else []
    # Each round begins with another phase, so that no phase always follows the same one.
    first = number % len(groups)
    return [phase for group in groups[first:] + groups[:first] for phase in group]


# --- Figures


def median_of(rounds, *path):
    """The median over the rounds of the figure at this path, None when the phase did not run."""
    values = []
    for result in rounds:
        for key in path:
            result = (result or {}).get(key)
        if result is not None:
            values.append(result)
    return statistics.median(values) if values else None


def ratio_of(rounds, one, other, *path):
    """The median over the rounds of the figure of phase `one` divided by that of phase `other` in the same round."""
    pairs = [[median_of([result], phase, *path) for phase in (one, other)] for result in rounds]
    ratios = [first / second for first, second in pairs if first is not None and second]
    return statistics.median(ratios) if ratios else None


# What `unique` is compared in with its neighbours: the path of each figure, and how the table calls it.
COMPARED = {
    "rps": (("rps",), "of the requests"),
    "server_cpu": (("server_cpu_us",), "of the server's CPU time for each"),
    "postgres_cpu": (("postgres_cpu_us",), "of PostgreSQL's"),
    "p99": (("latency_ms", "p99"), "of the 99th percentile"),
}


def summarize(bench, rounds):
    options = bench.options
    pgbench = {clients: median_of(rounds, "pgbench", str(clients), "tps") for clients in options.clients}
    return {
        "pgbench_best_tps": max((tps for tps in pgbench.values() if tps), default=None),
        "unique_rps": median_of(rounds, "unique", "rps"),
        "tls_rps": median_of(rounds, "tls", "rps"),
        "server_cpu_us_tls": median_of(rounds, "tls", "server_cpu_us"),
        "repeated_rps": median_of(rounds, "repeated", "rps"),
        "peer_rps": median_of(rounds, "peer", "rps"),
        "rust_rps": median_of(rounds, "rust", "rps"),
        "rust_batch_rps": median_of(rounds, "rust-batch", "rps"),
        "unique_by_rust_rps": ratio_of(rounds, "unique", "rust", "rps"),
        **{
            f"unique_by_{other.replace('-', '_')}_{name}": ratio_of(rounds, "unique", other, *path)
            for other in ("rust-batch", "plain") for name, (path, _) in COMPARED.items()
        },
        "unique_p99_ms": median_of(rounds, "unique", "latency_ms", "p99"),
        "open_loop_p50_ms": median_of(rounds, "open", "latency_ms", "p50"),
        "server_cpu_us_unique": median_of(rounds, "unique", "server_cpu_us"),
        "server_cpu_us_repeated": median_of(rounds, "repeated", "server_cpu_us"),
        "postgres_cpu_us": median_of(rounds, "unique", "postgres_cpu_us"),
        "rss_mb": median_of(rounds, "unique", "rss_mb"),
        "peak_rss_mb": median_of(rounds, "unique", "peak_rss_mb"),
        "start_ms": median_of(rounds, "unique", "start_ms"),
        "migrate_noop_ms": bench.migrate_noop_ms,
        "tokens_answered": bench.tokens,
        "records": bench.records,
        "options": vars(options),
        "postgres_settings": POSTGRES_SETTINGS,
        "rounds": rounds,
    }


def print_table(options, figures):
    rounds, best = figures["rounds"], figures["pgbench_best_tps"]

    def row(label, *values):
        cells = ["-" if value is None else value if isinstance(value, str) else f"{value:,.{digits}f}"
                 for value, digits in zip(values, (0, 2, 1, 1, 1, 0, 0, 1, 1, 1, 1))]
        print(f"{label:<22}" + "".join(f"{cell:>10}" for cell in cells))

    print(f"\nMedians of {options.rounds} rounds of {options.seconds:g} s")
    row("", "req/s", "x pgbench", "p50 ms", "p99 ms", "max ms", "server us", "pg us", "load us", "RSS MB", "peak MB", "batch")
    for clients in options.clients if "pgbench" in options.phases else []:
        tps, latency, cpu = (
            median_of(rounds, "pgbench", str(clients), key) for key in ("tps", "latency_ms", "postgres_cpu_us"))
        row(f"pgbench, {clients} clients", tps, tps / best, f"avg {latency:.1f}", None, None, None, cpu)
    labels = {"two": "two servers", "open": f"open, {options.rate:g}/s"}
    for phase in PHASES[1:]:
        if phase not in options.phases:
            continue
        keys = (
            "server_cpu_us", "postgres_cpu_us", "load_cpu_us", "rss_mb", "peak_rss_mb", "records_per_transaction")
        rps = median_of(rounds, phase, "rps")
        row(
            labels.get(phase, phase), rps, rps / best if best and phase != "open" else None,
            *(median_of(rounds, phase, "latency_ms", key) for key in ("p50", "p99", "max")),
            *(median_of(rounds, phase, key) for key in keys),
        )
    print()
    if figures["unique_rps"] and best:
        print(f"unique / best pgbench  {figures['unique_rps'] / best:.2f}")
    if figures["tls_rps"] and figures["unique_rps"]:
        print(f"tls / unique           {figures['tls_rps'] / figures['unique_rps']:.2f} of the requests, "
              f"{figures['server_cpu_us_tls'] / figures['server_cpu_us_unique']:.2f} of the server's CPU time for each")
    if figures["unique_rps"] and figures["peer_rps"]:
        print(f"unique / peer          {figures['unique_rps'] / figures['peer_rps']:.2f}")
    if figures["unique_by_rust_rps"]:
        print(f"unique / rust          {figures['unique_by_rust_rps']:.2f}")
    for other in ("rust-batch", "plain"):
        ratios = {name: figures[f"unique_by_{other.replace('-', '_')}_{name}"] for name in COMPARED}
        if ratios["rps"]:
            print(f"{'unique / ' + other:<23}" + ", ".join(
                f"{ratios[name]:.2f} {text}" for name, (_, text) in COMPARED.items()))
    print(f"migrate, nothing to do {figures['migrate_noop_ms']:.0f} ms")
    if figures["start_ms"]:
        print(f"start to ready         {figures['start_ms']:.0f} ms")
    if figures["tokens_answered"]:
        print(f"verified               {figures['tokens_answered']} tokens, {figures['records']} records")


def main():
    options = parse_options()
    if os.environ.get("CONNVO_BENCH_STAGE") != "measure":
        prepare(options)
        os.environ["CONNVO_BENCH_STAGE"] = "measure"
        with_postgres = str(CHECKOUT / "scripts/with-postgres")
        if not options.phases:
            sys.exit("bench: no phase is left")
        arguments = [*sys.argv[1:], "--phases", ",".join(options.phases)]
        os.execv(with_postgres, [with_postgres, "--fsync", sys.executable, __file__, *arguments])

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    if os.getloadavg()[0] > 0.7:
        say(f"other things are running here (load average {os.getloadavg()[0]:.1f}): the figures will be too low")
    # In memory, so that the files of the benchmark do not compete with PostgreSQL for the disk.
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    work = Path(tempfile.mkdtemp(prefix="connvo-bench.", dir=memory))
    try:
        bench = Bench(options, work)
        bench.prepare()
        figures = summarize(bench, bench.run())
        print_table(options, figures)
        if options.json:
            Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")
    except verify.Difference as difference:
        sys.exit(f"bench: {difference}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if options.keep:
            say(f"logs and tokens of the last phase are in {work}")
        else:
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
