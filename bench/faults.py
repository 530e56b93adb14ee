"""Load on the server while its database fails, and what must hold then. Run it with `scripts/faults`."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import bench
import verify

SCENARIOS = ("kill", "restart")
CONNECTIONS = 32
USERS = 10_000
# Between two faults, in seconds.
KILL_INTERVAL, RESTART_INTERVAL = 0.1, 5
# What must hold. docs/resilience.md says why.
LEAST_SERVED = 0.9
STATUSES = {"200", "503"}
RECOVERY_SECONDS = 1
# How long a request may wait for its response: the server's own limit is 5 s.
RESPONSE_LIMIT = 5.25


def parse_options():
    parser = argparse.ArgumentParser(
        prog="scripts/faults",
        description="Runs the server under load while its database fails, on a PostgreSQL of its own, and checks what "
        "docs/resilience.md promises. CONNVO_BINARY=FILE tries that binary and builds none.",
    )
    parser.add_argument("scenario", nargs="?", choices=(*SCENARIOS, "all"), default="all")
    parser.add_argument("--seconds", type=float, default=20, help="how long the load is (20)")
    parser.add_argument("--keep", action="store_true", help="keep logs and received tokens, and say where")
    options = parser.parse_args()
    if not 2 <= options.seconds <= 600:
        parser.error("--seconds takes 2 to 600")
    options.scenarios = SCENARIOS if options.scenario == "all" else (options.scenario,)
    # What the preparations of the benchmark need.
    options.phases, options.scale = [], USERS / 100_000
    return options


class Backends:
    """The server's connections, as PostgreSQL sees them."""

    WHERE = "FROM pg_stat_activity WHERE usename = 'connvo_server' AND datname = 'connvo'"

    def __init__(self, postgres):
        self.postgres = postgres

    def count(self, condition="true"):
        return int(self.postgres.query(f"SELECT count(*) {self.WHERE} AND {condition}"))

    def killer(self, stop):
        """Terminates all of them repeatedly until `stop` is set; returns their number."""
        psql = [self.postgres.bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]
        process = bench.start(*psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        killed = 0
        try:
            while not stop.wait(KILL_INTERVAL):
                process.stdin.write(f"SELECT count(pg_terminate_backend(pid)) {self.WHERE};\n")
                process.stdin.flush()
                killed += int(process.stdout.readline())
        finally:
            process.stdin.close()
            process.wait(10)
        return killed


class Faults:
    def __init__(self, options, work):
        # Its preparations and settings: database, roles, business data, how the server is started.
        self.bench = bench.Bench(options, work)
        self.options, self.work = options, work
        self.postgres, self.backends = self.bench.postgres, Backends(self.bench.postgres)

    def prepare(self):
        self.postgres.configure()
        self.bench.migrate()
        self.postgres.query("CREATE ROLE connvo_server LOGIN IN ROLE connvo_app")
        self.postgres.seed(USERS, 0)
        self.sign()

    def sign(self):
        """A bearer token for each user; the quota is so high that each serves many requests."""
        self.bench.requests, self.bench.jwks = self.work / "requests.tsv", self.work / "jwks.json"
        pairs = "".join(
            f"user_01KQJZ5{10**18 + p * 7919 % USERS}\tmeeting_01KQJZ5{10**18 + p // 5}\n" for p in range(USERS))
        lifetime = int(600 + len(SCENARIOS) * (self.options.seconds + 120))
        command = ["--key", self.work / "key.pem", "--jwks", self.bench.jwks, "--issuer", bench.ISSUER, "--lifetime", lifetime]
        with open(self.bench.requests, "w") as output:
            bench.run(bench.BUILD / "sign", *command, input=pairs, stdout=output)

    # Faults

    def inject(self, scenario, stop):
        """Makes faults until `stop` is set. Returns how many, in words, and when the last one was over."""
        if scenario == "kill":
            return f"{self.backends.killer(stop)} connections ended", time.monotonic()
        restarts = 0
        while not stop.wait(RESTART_INTERVAL):
            self.restart()
            restarts += 1
        # The last one at the end of the load, so that the recovery from a restart is measured.
        self.restart()
        return f"{restarts + 1} restarts", time.monotonic()

    def restart(self):
        self.postgres.restart("immediate", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)

    # Load

    def load(self, server, name, *arguments):
        """Starts the load generator. Returns its process and the file of tokens."""
        tokens = self.work / f"{name}.tokens"
        command = [
            bench.BUILD / "load", "--port", server.port, "--requests", self.bench.requests, "--tokens", tokens,
            "--connections", CONNECTIONS, "--repeat", "--reconnect", "--timeout", RESPONSE_LIMIT, *arguments,
        ]
        with open(self.work / f"{name}.errors", "w") as errors:
            return bench.start(*command, stdout=subprocess.PIPE, stderr=errors), tokens

    def finish(self, process, seconds):
        try:
            return json.loads(process.communicate(timeout=seconds + RESPONSE_LIMIT + 30)[0])
        finally:
            process.kill()

    def recovery(self, server, since):
        """Seconds from `since` until a request and twenty after it got tokens, None when not within
        twenty seconds; the files of tokens, the statuses, and how many requests got no response."""
        files, statuses, failures = [], {}, 0
        while time.monotonic() < since + 20:
            began = time.monotonic()
            process, tokens = self.load(server, f"recovery-{len(files)}", "--count", "21", "--seconds", "2", "--connections", "1")
            result = self.finish(process, 2)
            files.append(tokens)
            for status, count in result["statuses"].items():
                statuses[status] = statuses.get(status, 0) + count
            failures += sum(result["failures"].values())
            if result["tokens"] == result["sent"] == 21:
                return began - since + result["latency_ms"]["max"] / 1000, files, statuses, failures
        return None, files, statuses, failures

    def descriptors(self, server):
        return len(os.listdir(f"/proc/{server.process.pid}/fd"))

    def wait_until(self, measure, holds):
        """The first measurement that holds; the last one when none does within five seconds."""
        deadline = time.monotonic() + 5
        while not holds(value := measure()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return value

    # Scenarios

    def prove(self, received, records):
        """Shows on the data of this run that a lost record and an altered token are noticed."""
        jti = next(iter(received))
        for falsified in ({key: value for key, value in records.items() if key != jti}, {**records, jti: "0" * 64}):
            try:
                verify.compare(received, falsified, allow_unanswered=True)
            except verify.Difference:
                continue
            raise AssertionError("the verification does not notice a falsified record")

    def run(self, scenario):
        """Runs one scenario and prints its line. Returns the bounds that were violated."""
        load_average = os.getloadavg()[0]
        seconds, since = self.options.seconds, self.postgres.now()
        with bench.Ours(self.bench) as server:
            # Long enough for all connections to the database to be in use: they belong to the baseline.
            warm_up, warm_tokens = self.load(server, "warm-up", "--seconds", "1")
            self.finish(warm_up, 1)
            time.sleep(1)
            baseline = self.descriptors(server)
            process, tokens = self.load(server, scenario, "--seconds", seconds)
            stop, outcome = threading.Event(), {}
            thread = threading.Thread(target=lambda: outcome.update(result=self.inject(scenario, stop)))
            thread.start()
            try:
                if not stop.wait(seconds) and process.poll() is not None:
                    raise RuntimeError("the load generator ended early")
            finally:
                stop.set()
                thread.join(90)
            if "result" not in outcome:
                raise RuntimeError(f"the faults of {scenario} could not be made")
            faults, over = outcome["result"]
            recovered, recovery_tokens, statuses, failures = self.recovery(server, over)
            result = self.finish(process, seconds)
            for status, count in result["statuses"].items():
                statuses[status] = statuses.get(status, 0) + count
            descriptors = self.wait_until(lambda: self.descriptors(server), lambda count: count <= baseline)
            idle = self.wait_until(lambda: self.backends.count("state LIKE 'idle in transaction%'"), lambda count: count == 0)
            is_alive = server.process.poll() is None

        violations, received, records = [], {}, {}
        try:
            received = verify.digests(verify.read_tokens([warm_tokens, tokens, *recovery_tokens]))
            records = verify.read_records(since, self.postgres.bin / "psql")
            verify.compare(received, records, allow_unanswered=True)
            self.prove(received, records)
        except verify.Difference as difference:
            violations.append(f"tokens and records: {difference}")
        without = len(received.keys() - records.keys())
        share = result["tokens"] / max(1, result["sent"])
        failures += sum(result["failures"].values())
        if share <= LEAST_SERVED:
            violations.append(f"{share:.1%} of requests got a token, not more than {LEAST_SERVED:.0%}")
        if failures:
            violations.append(f"{failures} requests without a response: {result['failures']}")
        if set(statuses) - STATUSES:
            violations.append(f"statuses {statuses}")
        if recovered is None or recovered >= RECOVERY_SECONDS:
            violations.append(f"recovery took {recovered} s, not less than {RECOVERY_SECONDS}")
        if idle:
            violations.append(f"{idle} connections idle in transaction")
        if descriptors > baseline:
            violations.append(f"{descriptors} descriptors, {baseline} before")
        if not is_alive:
            violations.append("the server is gone")

        print(
            f"{scenario:<8} {'FAILED' if violations else 'ok':<6} {faults}; {result['sent']} requests, "
            f"{share:.2%} of requests got a token (> {LEAST_SERVED:.0%}), statuses {json.dumps(statuses)} (200, 503), "
            f"without a response {failures} (0); tokens without a record {without} of {len(received)} (0), records without a "
            f"token {len(records.keys() - received.keys())} (allowed); recovery {'-' if recovered is None else f'{recovered * 1000:.0f} ms'} "
            f"(< {RECOVERY_SECONDS} s); longest response time {result['latency_ms']['max']:.0f} ms (< {RESPONSE_LIMIT} s); idle in "
            f"transaction {idle} (0); descriptors {baseline} -> {descriptors} (no more); load average {load_average:.1f}",
            flush=True,
        )
        for violation in violations:
            print(f"faults: {scenario}: {violation}", file=sys.stderr)
        return violations


def main():
    options = parse_options()
    if os.environ.get("CONNVO_FAULTS_STAGE") != "run":
        bench.prepare(options)
        os.environ["CONNVO_FAULTS_STAGE"] = "run"
        with_postgres = str(bench.CHECKOUT / "scripts/with-postgres")
        os.execv(with_postgres, [with_postgres, "--fsync", sys.executable, __file__, *sys.argv[1:]])

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    work = Path(tempfile.mkdtemp(prefix="connvo-faults.", dir=memory))
    try:
        faults = Faults(options, work)
        faults.prepare()
        failed = [scenario for scenario in options.scenarios if faults.run(scenario)]
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if options.keep:
            print(f"faults: logs and tokens are in {work}", file=sys.stderr)
        else:
            shutil.rmtree(work)
    print(f"faults: {len(options.scenarios) - len(failed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
