"""Failovers of a Patroni cluster under load, and what must hold. scripts/faults-patroni runs them.

`run(binary, names)` does the same for another runner.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from ensemble import Ensemble, Promotion

import load as loads  # of Tests/Faults, which ensemble.py adds to the path
import record
from cluster import USERS
from processes import BENCH, ROOT, Failure, run as run_command, wait_until
from server import Server

# Requests a second: to the server whose URL names HAProxy, and to the one whose URL names the three nodes.
RATES = {"proxy": 500, "hosts": 50}
# Seconds from the moment at which the new primary accepts writes until requests get tokens again, and no 503.
BOUND = 3
# In strict synchronous mode, where the new primary waits for a standby that follows it.
STRICT_BOUND = 15
# Load before the fault and after the promotion.
BEFORE, AFTER = 5, 8
# How long the stream of the asynchronous standbys is held up before the primary is killed.
CUT = 2


class Answers:
    """What a load got, in the order of the responses."""

    def __init__(self, requests):
        self.requests = sorted((request for request in requests if request.ended), key=lambda request: request.ended)
        self.refused = [request.ended for request in self.requests if not request.is_token]
        self.granted = [request.ended for request in self.requests if request.is_token]

    def served_after(self, promoted):
        """Seconds from the promotion until tokens come and no other answer."""
        first = min((when for when in self.granted if when > promoted), default=float("inf"))
        return max(first, max(self.refused, default=first)) - promoted

    def outage(self):
        """Seconds from the last token before the first refusal to the first one after the last."""
        if not self.refused:
            return 0.0
        before = max((when for when in self.granted if when < self.refused[0]), default=self.refused[0])
        after = min((when for when in self.granted if when > self.refused[-1]), default=float("inf"))
        return after - before


class Scenario:
    def __init__(self, name, ensemble, folder, binary):
        self.name, self.ensemble, self.folder, self.binary = name, ensemble, folder / name, binary
        self.folder.mkdir(mode=0o711)
        for file in ("jwks.json", "requests.tsv"):
            os.link(folder / file, self.folder / file)
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
            raise Failure(f"{len(receivers)} standbys stream, not two")
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
        wait_until(lambda: self.promotion.at, 60, "a standby is promoted", 0.01)

    # The course

    def run(self):
        """Returns the figures."""
        self.killed = None
        since = self.ensemble.leader().query("SELECT clock_timestamp()")
        servers, started = [], {}
        try:
            for name, url in zip(RATES, self.ensemble.urls()):
                servers.append(server := Server(self.folder, self.binary, url, name))
                server.start()
            self.promotion = Promotion(self.ensemble.followers())
            for server in servers:
                started[server.name] = loads.Load(self.folder, server.port, server.name, RATES[server.name], 64)
            time.sleep(BEFORE)
            self.promotion.start()
            began = getattr(self, self.name)()
            time.sleep(AFTER)
            requests = {name: load.finish() for name, load in started.items()}
            self.faults += [f"server {server.name} has ended" for server in servers if not server.is_running()]
        finally:
            if self.promotion is not None:
                self.promotion.end()
            for load in started.values():
                load.process.kill()
            for server in servers:
                server.stop()
        return self.figures(began, since, requests)

    def figures(self, began, since, requests):
        promoted = self.promotion.at
        figures, received, outcomes = {"promoted_after": promoted - began}, {}, {}
        for name, made in requests.items():
            answers = Answers(made)
            figures[f"{name}_served_after"] = answers.served_after(promoted)
            figures[f"{name}_outage"] = answers.outage()
            for request in made:
                outcomes[request.outcome] = outcomes.get(request.outcome, 0) + 1
                if request.is_token:
                    received[request.id] = request.digest
        rows = self.promotion.node.query(
            f"SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE issued_at >= '{since}'").splitlines()
        pairs = (row.split("|") for row in rows)
        records = {loads.uuid(id): bytes.fromhex(digest) for id, digest in pairs}
        figures |= {
            "outcomes": outcomes, "longest_ms": max(
                (request.seconds * 1000 for made in requests.values() for request in made if request.ended), default=0),
            "tokens": len(received), "twice": outcomes.get("200", 0) - len(received) + len(rows) - len(records),
            "without_record": len(received.keys() - records.keys()),
            "altered": sum(received[key] != records[key] for key in received.keys() & records.keys()),
            "of_another": sum(request.is_token and request.of != request.line for made in requests.values() for request in made),
            "records_without_token": len(records.keys() - received.keys()),
        }
        self.judge(figures, received, records)
        return figures

    def judge(self, figures, received, records):
        for name in ("proxy", "hosts"):
            seconds = figures[f"{name}_served_after"]
            if seconds > self.bound:
                self.faults.append(f"{name}: tokens again {seconds:.2f} s after the promotion, not within {self.bound}")
        if set(figures["outcomes"]) - {"200", "503"}:
            self.faults.append(f"outcomes {figures['outcomes']}")
        if figures["twice"]:
            self.faults.append(f"{figures['twice']} ids are there twice")
        if figures["altered"]:
            self.faults.append(f"{figures['altered']} tokens with another SHA-256 than their record")
        if figures["of_another"]:
            self.faults.append(f"{figures['of_another']} tokens for another caller")
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
            f"{figures['records_without_token']} (allowed); outcomes {json.dumps(figures['outcomes'])} (200, 503); "
            f"longest {figures['longest_ms']:.0f} ms; whole again after "
            f"{healed:.0f} s"
        )


NAMES = ("switchover", "kill", "strict", "asynchronous")


def prepare(ensemble, folder, binary):
    """Schema, logins and business data in the leader; signed requests."""
    leader = ensemble.leader()
    leader.query("CREATE DATABASE connvo", "postgres")
    environment = {"PATH": os.environ["PATH"], "DATABASE_URL": leader.url()}
    run_command(binary, "migrate", "up", cwd=folder, env=environment)
    leader.query("CREATE ROLE connvo_server LOGIN IN ROLE connvo_app")
    run_command(*leader.psql(), f"--set=users={USERS}", "--set=records=0", "--file", BENCH / "seed.sql")
    loads.build()
    loads.sign(folder)


def run(binary, names=NAMES, keep=False, report=print):
    """Runs scenarios on a cluster of their own. Returns for each its figures, with `faults`: what did not hold."""
    folder = Path(tempfile.mkdtemp(prefix="connvo-patroni.", dir="/tmp"))
    folder.chmod(0o711)
    ensemble, results = Ensemble(folder), {}
    try:
        ensemble.start()
        prepare(ensemble, folder, binary)
        for name in names:
            ensemble.configure(synchronous_mode=name != "asynchronous", synchronous_mode_strict=name == "strict")
            ensemble.wait_until_whole()
            scenario = Scenario(name, ensemble, folder, binary)
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


PAGE = ROOT / "docs/failover.md"
BEGIN, END = "<!-- The table is written by scripts/faults-patroni --record. -->", "<!-- End of the table. -->"
TITLES = {
    "switchover": "`switchover`",
    "kill": "`kill`: Patroni and PostgreSQL of the primary at once",
    "strict": "`strict`: the same with `synchronous_mode_strict`",
    "asynchronous": f"`asynchronous`: the same without synchronous mode, the standbys {CUT} s behind",
}


def write(results, load_average):
    """The table of docs/failover.md."""
    rows = []
    for name, each in results.items():
        without = f"{each['without_record']:,} of {each['tokens']:,}"
        seconds = [each["promoted_after"], each["proxy_served_after"], each["hosts_served_after"], each["whole_after"]]
        cells = [
            TITLES[name], *(f"{value:.1f} s" for value in seconds), f"{each['outcomes'].get('503', 0):,}",
            f"**{without}**" if each["without_record"] else without, f"{each['records_without_token']:,}",
            "**missed**" if each["faults"] else "held"]
        rows.append(f"| {' | '.join(cells)} |")
    record.replace(PAGE, BEGIN, END, [
        f"{record.today()}, commit {record.commit()}, {record.machine()}; {RATES['proxy']} requests a second by HAProxy and "
        f"{RATES['hosts']} by the three nodes; load average {load_average:.1f} before it began.", "",
        "| | promoted after | tokens again, by HAProxy | by the three nodes | whole again after | 503 | tokens without a "
        "record | records without a token | |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|", *rows])


def main():
    parser = argparse.ArgumentParser(
        prog="scripts/faults-patroni",
        description="Failovers of a Patroni cluster (three nodes, etcd, HAProxy) under load. CONNVO_BINARY=FILE tries "
        "that binary and builds none. docs/failover.md says more.",
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help=f"some of: {', '.join(NAMES)} (all)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    parser.add_argument("--record", action="store_true", help="write the table of docs/failover.md; takes a run of all")
    parser.add_argument("--keep", action="store_true", help="keep logs and databases, and say where")
    options = parser.parse_args()
    unknown = set(options.name) - set(NAMES)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    if options.record and options.name:
        parser.error("--record takes a run of all")
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    load_average = os.getloadavg()[0]
    binary = Path(os.environ["CONNVO_BINARY"]).resolve()
    try:
        results = run(binary, options.name or NAMES, options.keep, lambda line: print(line, flush=True))
    except Failure as failure:
        sys.exit(f"faults-patroni: {failure}")
    if options.json:
        Path(options.json).write_text(json.dumps(results, indent=2) + "\n")
    if options.record:
        write(results, load_average)
    failed = [name for name, result in results.items() if result["faults"]]
    for name in failed:
        for fault in results[name]["faults"]:
            print(f"faults-patroni: {name}: {fault}", file=sys.stderr)
    print(f"faults-patroni: {len(results) - len(failed)} passed, {len(failed)} failed; load average {load_average:.1f}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
