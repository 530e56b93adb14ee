"""Failovers of a Patroni cluster under load, and what must hold. scripts/faults-patroni runs them.

`run(names)` does the same for another runner.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from ensemble import CHECKOUT, Ensemble, Promotion, bench

sys.path.insert(0, str(CHECKOUT / "Tests/Drill"))
from processes import Load, Server  # noqa: E402

import verify  # noqa: E402

USERS = 500
# Of the load generator, in requests a second; each of the two probers adds fifty.
RATE, CONNECTIONS = 450, 64
PROBE_INTERVAL = 0.02
# Seconds from the moment at which the new primary accepts writes until requests get tokens again, and no 503.
BOUND = 3
# In strict synchronous mode, where the new primary waits for a standby that follows it.
STRICT_BOUND = 15
# Load before the fault and after the promotion.
BEFORE, AFTER = 5, 8
# Of the load generator: that, and the time until a standby is promoted, which is at most about twice Patroni's TTL.
SECONDS = 40
# How long the stream of the asynchronous standbys is held up before the primary is killed.
CUT = 2
FUNCTION = "/api/run/meetings/stream/index/generateParticipantTokenPublic"


class Prober(threading.Thread):
    """A client that asks for a token fifty times a second, one after the other, and remembers each answer."""

    def __init__(self, name, port, requests):
        super().__init__(name=name)
        self.port, self.requests = port, requests
        self.stopping = threading.Event()
        self.answers = []  # (when, status, token or None); status 0: none came

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        number = 0
        while not self.stopping.wait(PROBE_INTERVAL):
            _, meeting, bearer = self.requests[number % len(self.requests)]
            number += 1
            headers = {"Content-Type": "application/json", "Authorization": f"Bearer {bearer}"}
            status, token = 0, None
            try:
                connection.request("POST", FUNCTION, json.dumps({"args": {"meetingId": meeting}}), headers)
                response = connection.getresponse()
                status, text = response.status, response.read()
                token = json.loads(text)["value"]["token"] if status == 200 else None
            except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
                connection.close()
            self.answers.append((time.monotonic(), status, token))
        connection.close()

    def refused_until(self):
        """When the last answer came that was no token; None when there was none."""
        return max((when for when, status, token in self.answers if token is None), default=None)

    def served_after(self, promoted):
        """Seconds from the promotion until tokens come and no other answer."""
        first = min((when for when, _, token in self.answers if token and when > promoted), default=float("inf"))
        return max(first, self.refused_until() or first) - promoted

    def outage(self):
        """Seconds from the last token before the first refusal to the first one after the last."""
        times = [when for when, _, token in self.answers if token is None]
        if not times:
            return 0.0
        before = max((when for when, _, token in self.answers if token and when < times[0]), default=times[0])
        after = min((when for when, _, token in self.answers if token and when > times[-1]), default=float("inf"))
        return after - before

    def tokens(self):
        return [token.encode() for _, _, token in self.answers if token]


class Scenario:
    def __init__(self, name, ensemble, folder, requests_file, jwks):
        self.name, self.ensemble, self.folder = name, ensemble, folder / name
        self.folder.mkdir(mode=0o711)
        self.requests_file, self.jwks = requests_file, jwks
        self.faults = []
        self.promotion = None
        self.bound = STRICT_BOUND if name == "strict" else BOUND

    # The faults. Each returns when it was made.

    def switchover(self):
        """Planned: the old primary stops cleanly, and its synchronous standby takes over."""
        leader, candidate = self.ensemble.leader(), self.ensemble.synchronous_standby()
        result = {}

        def ask():
            result["answer"] = leader.request("POST", "/switchover", {"leader": leader.name, "candidate": candidate.name})

        thread = threading.Thread(target=ask)
        began = time.monotonic()
        thread.start()
        self.wait_for_promotion()
        thread.join()
        if result["answer"][0] != 200:
            self.faults.append(f"switchover: {result['answer']}")
        return began

    def kill(self):
        """The machine of the primary is gone: Patroni and PostgreSQL are killed at once."""
        self.killed = self.ensemble.leader()
        began = time.monotonic()
        self.killed.kill()
        self.wait_for_promotion()
        return began

    def strict(self):
        """The same in strict synchronous mode: until a standby follows the new primary, each COMMIT waits."""
        return self.kill()

    def asynchronous(self):
        """The same without synchronous mode, when the standbys are two seconds behind."""
        self.killed = self.ensemble.leader()
        receivers = [pid for node in self.ensemble.followers() for pid in node.receivers()]
        if len(receivers) != 2:
            raise RuntimeError(f"{len(receivers)} standbys stream, not two")
        for pid in receivers:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(CUT)
        began = time.monotonic()
        self.killed.kill()
        # They end before they read on: what was on its way is lost, as with a network that fails.
        for number in (signal.SIGTERM, signal.SIGCONT):
            for pid in receivers:
                os.kill(pid, number)
        self.wait_for_promotion()
        return began

    def wait_for_promotion(self):
        deadline = time.monotonic() + 60
        while self.promotion.at is None:
            if time.monotonic() > deadline:
                raise RuntimeError("no standby was promoted within a minute")
            time.sleep(0.01)

    # The course

    def run(self):
        """Returns the figures."""
        self.killed = None
        children, probers = [], []
        requests = [line.split("\t") for line in self.requests_file.read_text().splitlines()]
        since = self.ensemble.leader().query("SELECT clock_timestamp()")
        try:
            for name, url in zip(("proxy", "hosts"), self.ensemble.urls()):
                server = Server(self.folder, name, url, self.jwks)
                children.append(server)
                server.start()
                probers.append(Prober(name, server.port, requests))
            load = Load(self.folder, children[0].port, self.requests_file, RATE, CONNECTIONS, SECONDS)
            children.append(load)
            self.promotion = Promotion(self.ensemble.followers())
            for prober in probers:
                prober.start()
            load.start()
            time.sleep(BEFORE)
            self.promotion.start()
            began = getattr(self, self.name)()
            time.sleep(AFTER)
            for prober in probers:
                prober.stopping.set()
                prober.join()
            result = load.finish(90)
            for server in children[:2]:
                if not server.is_running():
                    self.faults.append(f"server {server.name} has ended")
        finally:
            for prober in probers:
                prober.stopping.set()
            if self.promotion is not None:
                self.promotion.end()
            for prober in probers:
                prober.join()
            for child in reversed(children):
                child.end()
        return self.figures(began, since, probers, result, load)

    def figures(self, began, since, probers, result, load):
        promoted = self.promotion.at
        figures = {
            "promoted_after": promoted - began, "sent": result["sent"], "statuses": dict(result["statuses"]),
            "without_response": sum(result["failures"].values()), "longest_ms": result["latency_ms"]["max"],
        }
        for prober in probers:
            figures[f"{prober.name}_served_after"] = prober.served_after(promoted)
            figures[f"{prober.name}_outage"] = prober.outage()
            for _, status, _ in prober.answers:
                figures["statuses"][str(status)] = figures["statuses"].get(str(status), 0) + 1
        received = verify.digests([token for prober in probers for token in prober.tokens()])
        received |= verify.digests(verify.read_tokens([load.tokens]))
        rows = self.promotion.node.query(
            f"SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE issued_at >= '{since}'")
        records = dict(row.split("|") for row in rows.splitlines())
        figures |= {
            "tokens": len(received), "without_record": len(received.keys() - records.keys()),
            "altered": sum(received[key] != records[key] for key in received.keys() & records.keys()),
            "records_without_token": len(records.keys() - received.keys()),
        }
        self.judge(figures, received, records)
        return figures

    def judge(self, figures, received, records):
        for name in ("proxy", "hosts"):
            seconds = figures[f"{name}_served_after"]
            if seconds > self.bound:
                self.faults.append(f"{name}: tokens again {seconds:.2f} s after the promotion, not within {self.bound}")
        if set(figures["statuses"]) - {"200", "503"}:
            self.faults.append(f"statuses {figures['statuses']}")
        if figures["without_response"]:
            self.faults.append(f"{figures['without_response']} requests without a response")
        if figures["altered"]:
            self.faults.append(f"{figures['altered']} tokens with another SHA-256 than their record")
        if self.name == "asynchronous":
            if not figures["without_record"]:
                self.faults.append("no token was lost: this run shows nothing")
        elif figures["without_record"]:
            self.faults.append(f"{figures['without_record']} tokens without a record")
        # The comparison itself must notice a record that is gone.
        jti = next(iter(received.keys() & records.keys()))
        if not received.keys() - (records.keys() - {jti}):
            raise AssertionError("the comparison does not notice a record that is gone")

    def heal(self):
        """Brings a killed node back. Returns how long until all is whole again."""
        if self.killed is not None:
            self.killed.start()
        return self.ensemble.wait_until_whole()

    def line(self, figures, healed):
        bound = "any: as documented" if self.name == "asynchronous" else "0"
        return (
            f"{self.name:<13} {'FAIL' if self.faults else 'ok':<4} promoted after {figures['promoted_after']:.1f} s; tokens and "
            f"no 503 {figures['proxy_served_after']:.2f} s after that by HAProxy, "
            f"{figures['hosts_served_after']:.2f} s by three hosts (<= {self.bound} s); outage "
            f"{figures['proxy_outage']:.1f} and {figures['hosts_outage']:.1f} s; tokens without a record "
            f"{figures['without_record']} of {figures['tokens']} ({bound}), records without a token "
            f"{figures['records_without_token']} (allowed); statuses {json.dumps(figures['statuses'])} (200, 503), without "
            f"a response {figures['without_response']} (0); longest {figures['longest_ms']:.0f} ms; whole again after "
            f"{healed:.0f} s"
        )


NAMES = ("switchover", "kill", "strict", "asynchronous")


def prepare(ensemble, folder):
    """Schema, logins and business data in the leader; signed requests. Returns their file and the key set."""
    leader = ensemble.leader()
    leader.query("CREATE DATABASE connvo", "postgres")
    url = f"postgresql:///connvo?host={leader.folder}&port={leader.port}&user=postgres"
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": url}
    with (folder / "migrate.log").open("w") as log:
        bench.run(os.environ["CONNVO_BINARY"], "migrate", cwd=folder, env=environment, stdout=log, stderr=log, timeout=120)
    leader.query("CREATE ROLE connvo_server LOGIN IN ROLE connvo_app")
    leader.query(f"\\set users {USERS}\n\\set records 0\n" + (bench.BENCH / "seed.sql").read_text())
    requests, jwks = folder / "requests.tsv", folder / "jwks.json"
    pairs = "".join(
        f"user_01KQJZ5{10**18 + p * 7919 % USERS}\tmeeting_01KQJZ5{10**18 + p // 5}\n" for p in range(USERS))
    command = ["--key", folder / "key.pem", "--jwks", jwks, "--issuer", bench.ISSUER, "--lifetime", 4 * 3600]
    with requests.open("w") as output:
        bench.run(bench.BUILD / "sign", *command, input=pairs, stdout=output)
    return requests, jwks


def run(names=NAMES, keep=False, report=print):
    """Runs scenarios on a cluster of their own. Returns for each its figures, with `faults`: what did not hold."""
    folder = Path(tempfile.mkdtemp(prefix="connvo-patroni.", dir="/tmp"))
    os.chmod(folder, 0o711)
    ensemble, results = Ensemble(folder), {}
    try:
        ensemble.start()
        requests, jwks = prepare(ensemble, folder)
        for name in names:
            ensemble.configure(synchronous_mode=name != "asynchronous", synchronous_mode_strict=name == "strict")
            ensemble.wait_until_whole()
            scenario = Scenario(name, ensemble, folder, requests, jwks)
            figures = scenario.run()
            healed = scenario.heal()
            results[name] = {**figures, "whole_after": healed, "faults": scenario.faults}
            report(scenario.line(figures, healed))
    finally:
        ensemble.end()
        if keep:
            print(f"faults-patroni: logs and databases are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return results


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/faults-patroni",
        description="Failovers of a Patroni cluster (three nodes, etcd, HAProxy) under load. CONNVO_BINARY=FILE tries "
        "that binary and builds none. docs/failover.md says more.",
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"some of: {', '.join(NAMES)} (all)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--keep", action="store_true", help="keep logs and databases, and say where")
    options = parser.parse_args()
    unknown = set(options.name) - set(NAMES)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    options.phases = []
    bench.prepare(options)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    load_average = os.getloadavg()[0]
    results = run(options.name or NAMES, options.keep, lambda line: print(line, flush=True))
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2) + "\n")
    failed = [name for name, result in results.items() if result["faults"]]
    for name in failed:
        for fault in results[name]["faults"]:
            print(f"faults-patroni: {name}: {fault}", file=sys.stderr)
    print(f"faults-patroni: {len(results) - len(failed)} passed, {len(failed)} failed; load average {load_average:.1f}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
