"""Runs the drills of scripts/drill, all at once, and prints a line for each."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import callers
import database
import process
import quiet
import upgrade
from cluster import Cluster, programs
from drill import in_threads
from processes import CHECKOUT, bench

import measure

GROUPS = (database, callers, process, quiet, upgrade)
DRILLS = {drill.name: drill for group in GROUPS for drill in group.DRILLS}
# A multiple of five, as bench/seed.sql wants it.
USERS = 500


class Kit:
    """What all drills share: a cluster with data to copy, signed requests, and the key set that goes with them."""

    def __init__(self, folder, quiet_minutes):
        self.folder, self.quiet_minutes = folder, quiet_minutes
        self.cluster = Cluster(folder / "template", programs())
        self.requests, self.refused_requests = folder / "requests.tsv", folder / "refused.tsv"
        self.jwks = folder / "jwks.json"

    def make(self):
        self.cluster.make()
        try:
            self.cluster.start()
            self.cluster.query("CREATE DATABASE connvo", database="postgres")
            self.connvo("migrate", self.cluster)
            self.cluster.query("CREATE ROLE connvo_server LOGIN IN ROLE connvo_app")
            self.cluster.query(f"\\set users {USERS}\n\\set records 0\n" + (bench.BENCH / "seed.sql").read_text())
            self.connvo("maintain", self.cluster)
        finally:
            self.cluster.stop(signal.SIGINT)
        self.sign()

    def sign(self):
        """A bearer token for each user; the quota is so high that each serves many requests."""
        pairs = [(f"user_01KQJZ5{10**18 + p * 7919 % USERS}", f"meeting_01KQJZ5{10**18 + p // 5}") for p in range(USERS)]
        command = ["--key", self.folder / "key.pem", "--jwks", self.jwks, "--issuer", bench.ISSUER, "--lifetime", 6 * 3600]
        for file, meeting in ((self.requests, None), (self.refused_requests, "meeting_nowhere")):
            lines = "".join(f"{user}\t{meeting or own}\n" for user, own in pairs)
            with file.open("w") as output:
                bench.run(bench.BUILD / "sign", *command, input=lines, stdout=output)

    def connvo(self, command, cluster, *arguments):
        """A command of the server as the administrator of the database."""
        environment = {"PATH": os.environ["PATH"], "DATABASE_URL": cluster.url()}
        result = subprocess.run(
            [os.environ["CONNVO_BINARY"], command, *arguments], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120)
        if result.returncode != 0:
            raise RuntimeError(f"{command}: {result.stderr.strip()}")

    def children(self, pid):
        return measure.family(pid)[1:]


def parse_options():
    parser = argparse.ArgumentParser(
        prog="scripts/drill",
        description="Makes faults while Debian's Prometheus watches a server under load, and checks that each alert "
        "comes in time, ends with its fault, and that no other one comes. CONNVO_BINARY=FILE drills that binary and "
        "builds none. docs/slo.md says more.",
    )
    parser.add_argument("name", nargs="*", metavar="NAME", help="the drills to run (all); --list has them")
    parser.add_argument("--quiet-minutes", type=float, default=10, metavar="N", help="of the drill without a fault (10)")
    parser.add_argument("--list", action="store_true", help="print the names of the drills and what they do")
    parser.add_argument("--keep", action="store_true", help="keep logs and databases, and say where")
    options = parser.parse_args()
    if options.list:
        for name, drill in DRILLS.items():
            print(f"{name:<20} {drill.__doc__.splitlines()[0]}")
        sys.exit(0)
    unknown = set(options.name) - set(DRILLS)
    if unknown:
        parser.error(f"no such drill: {', '.join(sorted(unknown))}; --list has them")
    if not 0.5 <= options.quiet_minutes <= 600:
        parser.error("--quiet-minutes takes 0.5 to 600")
    options.drills = [DRILLS[name] for name in dict.fromkeys(options.name)] or list(DRILLS.values())
    # What the preparations of the benchmark need.
    options.phases = []
    return options


def end_by_signal(number, _):
    sys.exit(128 + number)


def main():
    options = parse_options()
    if not shutil.which("prometheus"):
        sys.exit("drill: there is no prometheus: scripts/install-dependencies --tests")
    bench.prepare(options)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, end_by_signal)

    # The path of a Unix socket must be shorter than 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="connvo-drill.", dir="/tmp"))
    os.chmod(folder, 0o711)
    failed, ran, printing = [], [], threading.Lock()

    def report(drill, line):
        with printing:
            ran.append(drill)
            print(f"{drill.name:<20} {'FAIL' if drill.faults else 'ok':<4} {line}", flush=True)
            for fault in drill.faults:
                print(f"drill: {drill.name}: {fault}", file=sys.stderr, flush=True)
            if drill.faults:
                failed.append(drill)

    began = time.monotonic()
    try:
        print(f"drill: preparing; load average {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
        kit = Kit(folder, options.quiet_minutes)
        kit.make()
        stop = threading.Event()
        in_threads([drill(kit, stop) for drill in options.drills], report)
    finally:
        if options.keep:
            print(f"drill: logs and databases are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"drill: {len(ran) - len(failed)} passed, {len(failed)} failed in {time.monotonic() - began:.0f} s")
    sys.exit(1 if failed or len(ran) < len(options.drills) else 0)


if __name__ == "__main__":
    main()
