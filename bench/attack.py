"""Attacks on the server while honest clients call it, and what must hold then. Run it with `scripts/attack`."""

import argparse
import http.client
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import bench
import measure
import verify

USERS = 10_000
# How long a request may wait for its response: the server's own limit is 5 s.
RESPONSE_LIMIT = 5.25
# The honest clients: requests a second, whatever the responses do, and their connections.
RATE, CONNECTIONS = 500, 64
# What must hold. docs/resilience.md says why.
LEAST_SHARE, WITHIN_MS = 0.99, 250
MEMORY_MB = 16
PROBE_SECONDS = 1
# When the server has so much more, the attack ends early: the bound is missed, and the machine may be small.
ENOUGH_MB = 2048
# Seconds of honest requests before memory at rest is read.
WARM_UP = 4
# Descriptors for the server and for each attacker.
DESCRIPTORS = 8192


def parse_options():
    parser = argparse.ArgumentParser(
        prog="scripts/attack",
        description="Attacks the server while honest clients call it, on a PostgreSQL of its own, and checks what "
        "docs/resilience.md promises. CONNVO_BINARY=FILE tries that binary and builds none.",
    )
    parser.add_argument("--seconds", type=float, default=20, help="how long the attack is (20)")
    parser.add_argument(
        "--connections", type=int, default=1000, help="of slowhttptest, a third each in its three modes (1000)")
    parser.add_argument(
        "--only", default="", metavar="TEXT",
        help="the attacks whose name has TEXT in it: unread, offers, bodies, heads, silent, handshakes (with --tls), slowhttptest (all)")
    parser.add_argument("--tls", action="store_true", help="the public listener speaks TLS, and so do all clients")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--keep", action="store_true", help="keep logs and received tokens, and say where")
    options = parser.parse_args()
    if not (5 <= options.seconds <= 600 and 3 <= options.connections <= 3000):
        parser.error("--seconds takes 5 to 600, --connections 3 to 3000")
    # What the preparations of the benchmark need.
    options.phases, options.scale = [], USERS / 100_000
    return options


class Target(bench.Ours):
    """The server, with an admin listener."""

    def __init__(self, of):
        super().__init__(of)
        self.admin_port, self.tls = bench.free_port(), of.options.tls

    def environment(self):
        return super().environment() | {"ADMIN_PORT": str(self.admin_port)}

    def open_connections(self):
        folder = f"/proc/{self.process.pid}/fd"
        return sum(os.readlink(f"{folder}/{name}").startswith("socket:") for name in os.listdir(folder))

    def forget_peak(self):
        """From now on the peak of its memory is that since now. proc(5), clear_refs."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")


class Prober(threading.Thread):
    """What an orchestrator does: asks /livez of the admin listener, on a new connection each time, and ends it all when
    the server takes too much memory."""

    def __init__(self, server, attackers):
        super().__init__(daemon=True)
        self.server, self.attackers, self.stopped = server, attackers, threading.Event()
        self.latencies, self.failures, self.connections = [], 0, 0
        self.stopped_attack = False

    def run(self):
        while not self.stopped.wait(0.1):
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", self.server.admin_port, timeout=5)
            try:
                connection.request("GET", "/livez")
                if connection.getresponse().status != 200:
                    self.failures += 1
            except (OSError, http.client.HTTPException):
                self.failures += 1
            finally:
                connection.close()
            self.latencies.append((time.monotonic() - began) * 1000)
            if measure.memory_mb(self.server.process.pid)[0] > ENOUGH_MB:
                self.attackers.stop()
                self.stopped_attack = True
            try:
                self.connections = max(self.connections, self.server.open_connections())
            except OSError:
                # A connection was closed in between, or the server is gone, which is found out elsewhere.
                pass


class Attackers:
    """slowhttptest and attackers.py, at the lowest priority, so that the figures are about the server."""

    NICE = ["nice", "-n", "19"]

    def __init__(self, server, options, work):
        self.server, self.seconds, self.work = server, options.seconds, work
        address = f"http{'s' if server.tls else ''}://127.0.0.1:{server.port}"
        count = options.connections // 3
        general = ["-c", count, "-r", count, "-l", int(options.seconds) + 5, "-p", 5, "-v", 0]
        post = ["-t", "POST", "-u", address + "/api/action", "-f", "application/json"]
        modes = {
            "headers": ["-H", "-i", 1, "-x", 24, "-u", address + "/api/action", *general],
            "body": ["-B", "-i", 1, "-x", 24, "-s", 8192, *post, *general],
            "read": ["-X", "-k", 10, "-w", 10, "-y", 20, "-n", 5, "-z", 5, "-u", address + "/livez", *general],
        }
        self.only = options.only
        self.modes = modes if options.only in "slowhttptest" else {}
        self.stopped = threading.Event()
        self.runs = dict.fromkeys(self.modes, 0)

    def __enter__(self):
        with open(self.work / "attackers.errors", "w") as errors:
            arguments = ["--port", self.server.port, "--admin-port", self.server.admin_port, "--seconds", self.seconds]
            arguments += ["--tls"] if self.server.tls else []
            self.process = bench.start(
                *self.NICE, sys.executable, bench.BENCH / "attackers.py", *arguments, "--only", self.only,
                stdout=subprocess.PIPE, stderr=errors)
        self.threads = [threading.Thread(target=self.repeat, args=[mode]) for mode in self.modes]
        for thread in self.threads:
            thread.start()
        return self

    def repeat(self, mode):
        """It ends when all of its connections were closed: then it is started again."""
        with open(self.work / f"slowhttptest-{mode}.log", "w") as log:
            while not self.stopped.is_set():
                process = bench.start(
                    *self.NICE, "slowhttptest", *self.modes[mode], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
                self.runs[mode] += 1
                while process.poll() is None and not self.stopped.wait(0.2):
                    pass
                process.kill()
                process.wait(10)
                self.stopped.wait(0.2)

    def stop(self):
        """Ends the attack; what attackers.py has done can still be read."""
        self.stopped.set()
        self.process.terminate()

    def finish(self):
        output, _ = self.process.communicate(timeout=self.seconds + 30)
        return json.loads(output)

    def __exit__(self, *_):
        self.stopped.set()
        for thread in self.threads:
            thread.join(30)
        self.process.kill()
        self.process.wait(10)


class Attack:
    def __init__(self, options, work):
        # Its preparations and settings: database, roles, business data, how the server is started.
        self.bench = bench.Bench(options, work)
        self.options, self.work, self.postgres = options, work, self.bench.postgres

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
        lifetime = int(600 + self.options.seconds)
        command = ["--key", self.work / "key.pem", "--jwks", self.bench.jwks, "--issuer", bench.ISSUER, "--lifetime", lifetime]
        with open(self.bench.requests, "w") as output:
            bench.run(bench.BUILD / "sign", *command, input=pairs, stdout=output)

    def load(self, server, name, seconds):
        """Starts the load generator. Returns its process and the file of tokens."""
        tokens = self.work / f"{name}.tokens"
        command = [
            bench.BUILD / "load", "--port", server.port, "--requests", self.bench.requests, "--tokens", tokens,
            "--connections", CONNECTIONS, "--repeat", "--reconnect", "--timeout", RESPONSE_LIMIT,
            "--rate", RATE, "--within", WITHIN_MS, "--seconds", seconds, *(["--tls"] if server.tls else []),
        ]
        with open(self.work / f"{name}.errors", "w") as errors:
            return bench.start(*command, stdout=subprocess.PIPE, stderr=errors), tokens

    def finish(self, process, seconds):
        try:
            return json.loads(process.communicate(timeout=seconds + RESPONSE_LIMIT + 30)[0])
        finally:
            process.kill()

    def run(self):
        load_average = os.getloadavg()[0]
        seconds, since = self.options.seconds, self.postgres.now()
        with Target(self.bench) as server:
            pid = server.process.pid
            warm_up, warm_tokens = self.load(server, "warm-up", WARM_UP)
            quiet = self.finish(warm_up, WARM_UP)
            time.sleep(1)
            server.forget_peak()
            rest, _ = measure.memory_mb(pid)
            cpu = measure.cpu_seconds(pid)
            with Attackers(server, self.options, self.work) as attackers:
                prober = Prober(server, attackers)
                prober.start()
                process, tokens = self.load(server, "attacked", seconds)
                honest = self.finish(process, seconds)
                prober.stopped.set()
                prober.join(10)
                _, most = measure.memory_mb(pid)
                cpu = measure.cpu_seconds(pid) - cpu
                attacked = attackers.finish()
            time.sleep(1)
            after, _ = measure.memory_mb(pid)
            is_alive = server.process.poll() is None

        received = verify.digests(verify.read_tokens([warm_tokens, tokens]))
        records = verify.read_records(since, self.postgres.bin / "psql")
        asked = honest["sent"] + honest["unsent"]
        return {
            "honest": honest,
            "quiet_latency_ms": quiet["latency_ms"],
            "share": honest["within"] / max(1, asked),
            "memory_mb": {"rest": rest, "most": most, "more": most - rest, "after": after},
            "livez_ms": {"max": max(prober.latencies), "probes": len(prober.latencies), "failures": prober.failures},
            "connections": prober.connections,
            "server_cpu_seconds": cpu,
            "is_alive": is_alive,
            "tokens_without_a_record": len(received.keys() - records.keys()),
            "attackers": attacked,
            "stopped_early": prober.stopped_attack,
            "slowhttptest_runs": attackers.runs,
            "load_average": load_average,
            "options": vars(self.options),
        }


def violations(figures):
    """The bounds that do not hold."""
    share, more, probes, found = figures["share"], figures["memory_mb"]["more"], figures["livez_ms"], []
    if share < LEAST_SHARE:
        found.append(f"{share:.2%} of honest requests got a token within {WITHIN_MS} ms, not {LEAST_SHARE:.0%}")
    if more > MEMORY_MB:
        found.append(f"{more:.1f} MB more memory than at rest, not at most {MEMORY_MB}")
    if figures["stopped_early"]:
        found.append(f"the attack was ended early: the server had more than {ENOUGH_MB} MB")
    if probes["failures"] or probes["max"] > PROBE_SECONDS * 1000:
        found.append(f"/livez: {probes['failures']} failures, {probes['max']:.0f} ms, not {PROBE_SECONDS * 1000} at most")
    if figures["tokens_without_a_record"]:
        found.append(f"{figures['tokens_without_a_record']} tokens without a record")
    if not figures["is_alive"]:
        found.append("the server is gone")
    # An attack that did not take place proves nothing.
    idle = [name for name, attack in figures["attackers"].items() if not attack["opened"]]
    if idle or not all(figures["slowhttptest_runs"].values()):
        found.append(f"attacks that did not take place: {idle}, {figures['slowhttptest_runs']}")
    return found


def print_figures(options, figures, failed):
    honest, memory, probes, quiet = (figures[key] for key in ("honest", "memory_mb", "livez_ms", "quiet_latency_ms"))
    latency, attackers = honest["latency_ms"], figures["attackers"].values()
    lost = sum(honest["failures"].values()) + honest["unsent"]
    lines = {
        "honest requests": f"{honest['sent'] + honest['unsent']} at {RATE}/s; {figures['share']:.2%} got a token within "
        f"{WITHIN_MS} ms (>= {LEAST_SHARE:.0%})",
        "their latency": f"p50 {latency['p50']:.1f} ms, p99 {latency['p99']:.1f} ms, max {latency['max']:.1f} ms; before "
        f"the attack p99 {quiet['p99']:.1f} ms",
        "their outcomes": f"statuses {json.dumps(honest['statuses'])}; {lost} without a response; tokens without a record "
        f"{figures['tokens_without_a_record']} (0)",
        "memory": f"{memory['rest']:.1f} MB at rest, {memory['most']:.1f} at most: {memory['more']:+.1f} (<= {MEMORY_MB}); "
        f"{memory['after']:.1f} a second after",
        "/livez": f"at most {probes['max']:.0f} ms (<= {PROBE_SECONDS * 1000}); {probes['failures']} of "
        f"{probes['probes']} failed (0)",
        "the attack": f"{options.seconds:g} s, at most {figures['connections']} sockets at once; "
        f"{sum(attack['opened'] for attack in attackers)} connections and "
        f"{sum(attack['sent'] for attack in attackers) / 1e6:.0f} MB besides slowhttptest",
        "slowhttptest": f"{options.connections // 3} connections each; runs {json.dumps(figures['slowhttptest_runs'])}",
        "the server": f"{figures['server_cpu_seconds']:.1f} s of CPU time; load average of the machine before {figures['load_average']:.1f}",
    }
    for label, text in lines.items():
        print(f"{label:<16} {text}")
    print(f"attack: {'FAILED' if failed else 'passed'}")


def main():
    options = parse_options()
    if os.environ.get("CONNVO_ATTACK_STAGE") != "run":
        if not shutil.which("slowhttptest"):
            sys.exit("attack: there is no slowhttptest: scripts/install-dependencies --tests")
        bench.prepare(options)
        os.environ["CONNVO_ATTACK_STAGE"] = "run"
        with_postgres = str(bench.CHECKOUT / "scripts/with-postgres")
        os.execv(with_postgres, [with_postgres, "--fsync", sys.executable, __file__, *sys.argv[1:]])

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    work = Path(tempfile.mkdtemp(prefix="connvo-attack.", dir=memory))
    try:
        attack = Attack(options, work)
        attack.prepare()
        figures = attack.run()
        failed = violations(figures)
        if options.json:
            Path(options.json).write_text(json.dumps({**figures, "violations": failed}, indent=2) + "\n")
        print_figures(options, figures, failed)
        for violation in failed:
            print(f"attack: {violation}", file=sys.stderr)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if options.keep:
            print(f"attack: logs and tokens are in {work}", file=sys.stderr)
        else:
            shutil.rmtree(work)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
