"""Runs the drills of scripts/drill, all at once, and prints a line for each. What runs is started by the modules of the
fault suite, Tests/Faults."""

import argparse
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(1, str(Path(__file__).resolve().parent.parent / "Faults"))

import callers  # noqa: E402
import database  # noqa: E402
import load  # noqa: E402
import process  # noqa: E402
import prometheus  # noqa: E402
import quiet  # noqa: E402
import upgrade  # noqa: E402
from cluster import USERS, make_template  # noqa: E402
from drill import in_threads  # noqa: E402
from processes import Failure, free_port, run  # noqa: E402

GROUPS = (database, callers, process, quiet, upgrade)
DRILLS = {drill.name: drill for group in GROUPS for drill in group.DRILLS}


class Kit:
    """What all drills share: the binary, a cluster with data to copy, signed requests, and the key set for them."""

    def __init__(self, folder, binary, quiet_minutes):
        self.folder, self.binary, self.quiet_minutes = folder, binary, quiet_minutes
        self.requests, self.refused_requests = folder / "requests.tsv", folder / "refused.tsv"
        self.jwks = folder / "jwks.json"
        self.ports, self.lock = set(), threading.Lock()

    def make(self):
        lifetime = int(7200 + 60 * self.quiet_minutes)
        load.build()
        load.sign(self.folder, lifetime)
        # The same callers, for a meeting that there is not.
        pairs = "".join(f"{load.caller(line)[0]}\tmeeting_nowhere\n" for line in range(USERS))
        command = ["--key", self.folder / "key.pem", "--jwks", self.jwks, "--issuer", load.ISSUER, "--lifetime", lifetime]
        self.refused_requests.write_text(run(load.BUILD / "sign", *command, input=pairs))
        self.template = make_template(self.folder / "template", self.binary)

    def free_port(self):
        """One that no other drill has got, though none listens on it yet."""
        with self.lock:
            while (port := free_port()) in self.ports:
                pass
            self.ports.add(port)
            return port


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
    unknown = set(options.name) - set(DRILLS)
    if unknown:
        parser.error(f"no such drill: {', '.join(sorted(unknown))}; --list has them")
    if not 0.5 <= options.quiet_minutes <= 600:
        parser.error("--quiet-minutes takes 0.5 to 600")
    options.drills = [DRILLS[name] for name in dict.fromkeys(options.name)] or list(DRILLS.values())
    return options


def main():
    options = parse_options()
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for name, drill in DRILLS.items():
            print(f"{name:<20} {drill.__doc__.splitlines()[0]}")
        return
    if not prometheus.program():
        sys.exit("drill: there is no prometheus: scripts/install-dependencies --tests")
    binary = Path(os.environ["CONNVO_BINARY"]).resolve()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))

    # The path of a Unix socket must be shorter than 108 bytes.
    folder = Path(tempfile.mkdtemp(prefix="connvo-drill.", dir="/tmp"))
    folder.chmod(0o711)
    failed, ran, printing = [], [], threading.Lock()

    def report(drill, line):
        with printing:
            ran.append(drill)
            print(f"{drill.name:<20} {'FAIL' if drill.faults else 'ok':<4} {line}", flush=True)
            for fault in drill.faults:
                print(f"drill: {drill.name}: {fault}", file=sys.stderr, flush=True)
            if drill.faults:
                failed.append(drill)

    began, load_average = time.monotonic(), os.getloadavg()[0]
    try:
        kit = Kit(folder, binary, options.quiet_minutes)
        kit.make()
        stop = threading.Event()
        in_threads([drill(kit, stop) for drill in options.drills], report)
    except Failure as failure:
        sys.exit(f"drill: {failure}")
    finally:
        if options.keep:
            print(f"drill: logs and databases are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print(
        f"drill: {len(ran) - len(failed)} passed, {len(failed)} failed in {time.monotonic() - began:.0f} s; load average "
        f"{load_average:.1f}")
    sys.exit(1 if failed or len(ran) < len(options.drills) else 0)


if __name__ == "__main__":
    main()
