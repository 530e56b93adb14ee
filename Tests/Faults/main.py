"""Runs the server under faults and checks what must hold. Run it with `scripts/faults`."""

import argparse
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import load
import processes
import record
from cluster import make_template
from processes import Failure
from scenario import FAULTS, Context, Run

import commands  # noqa: F401
import database  # noqa: F401
import edge  # noqa: F401
import failover  # noqa: F401
import host  # noqa: F401
import network  # noqa: F401
import overload  # noqa: F401
import pooler  # noqa: F401
import pressure  # noqa: F401
import several  # noqa: F401
import soak  # noqa: F401


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(64, f"{self.format_usage()}{self.prog}: {message}\n")


def parse_options():
    parser = Parser(
        prog="scripts/faults",
        description="Runs the server under faults, each on a PostgreSQL of its own, and checks what docs/resilience.md "
        "promises. CONNVO_BINARY=FILE tries that binary and builds none.")
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="those to run, for instance F05 F12 (all)")
    parser.add_argument(
        "--quick", action="store_true", help="those that continuous integration runs, within six minutes")
    parser.add_argument("--seed", type=int, default=None, metavar="N", help="for everything that is random (drawn)")
    parser.add_argument("--json", action="store_true", help="print an object for each fault instead of a line")
    parser.add_argument(
        "--record", action="store_true", help="write the table of docs/resilience.md, or the rows of these faults")
    parser.add_argument("--keep", action="store_true", help="keep logs and PostgreSQL's files, and say where")
    parser.add_argument("--verbose", action="store_true", help="every measurement, also those that hold")
    parser.add_argument("--list", action="store_true", help="print the faults and run none")
    options = parser.parse_args()
    unknown = [name for name in options.faults if name not in FAULTS]
    if unknown:
        parser.error(f"there is no fault {', '.join(unknown)}; --list prints them")
    if options.record and options.quick:
        parser.error("--record takes a run of all faults, or of those that are named")
    if options.seed is not None and not 1 <= options.seed < 2**31:
        parser.error("--seed takes 1 to 2147483647")
    return options


def chosen(options):
    if options.faults:
        return [FAULTS[name] for name in options.faults]
    return [fault for _, fault in sorted(FAULTS.items()) if fault.quick or not (options.quick or fault.is_long)]


class Outcome:
    """What one fault measured; `error` when the suite could not do what it should."""

    def __init__(self, fault, seed):
        self.fault, self.seed, self.error, self.skipped = fault, seed, None, None
        self.measurements, self.notes, self.seconds = [], {}, 0

    @property
    def word(self):
        if self.skipped:
            return "skipped"
        return "ok" if not self.error and all(each.holds for each in self.measurements) else "FAILED"

    def line(self, verbose):
        kept = [each for each in self.measurements if verbose or each.is_main or not each.holds]
        shown = [str(each) if each.holds else f"!! {each}" for each in kept]
        shown += [f"{name} {value}" for name, value in self.notes.items()]
        if self.error or self.skipped:
            shown.append(self.error or self.skipped)
        figures = "; ".join([*shown, f"{self.seconds:.0f} s", f"seed {self.seed}"])
        return f"{self.fault.id:<5} {self.word:<7} {self.fault.title}: {figures}"

    def object(self):
        return {
            "id": self.fault.id, "title": self.fault.title, "outcome": self.word, "seed": self.seed,
            "seconds": round(self.seconds, 1), "error": self.error or self.skipped, "notes": self.notes,
            "measurements": [
                {"name": each.name, "measured": None if each.value == float("inf") else each.value, "unit": each.unit,
                 "bound": each.limit, "is": "at least" if each.is_least else "at most", "holds": each.holds}
                for each in self.measurements],
        }


def perform(fault, context, seed, keep):
    outcome, began = Outcome(fault, seed), time.monotonic()
    if fault.needs_root and not processes.is_root():
        outcome.skipped = "needs root, for namespaces and mounts"
        return outcome
    run = Run(fault, context, seed)
    try:
        fault.run(run)
        run.finish()
    except (Failure, OSError, subprocess.TimeoutExpired, AssertionError) as error:
        outcome.error = f"{type(error).__name__}: {error}"
    finally:
        run.clean_up(keep)
    outcome.measurements, outcome.notes, outcome.seconds = run.measurements, run.notes, time.monotonic() - began
    return outcome


def main():
    options = parse_options()
    if options.list:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        for _, fault in sorted(FAULTS.items()):
            print(f"{fault.id:<5} {'quick' if fault.quick else 'long' if fault.is_long else '':<6} {fault.title}")
        return
    binary = Path(os.environ["CONNVO_BINARY"]).resolve()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 16384), hard))
    # In memory, and with a short path: a Unix socket's must be shorter than 108 bytes.
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    folder = Path(tempfile.mkdtemp(prefix="connvo-faults.", dir=memory))
    folder.chmod(0o711)
    context = Context(folder, binary)
    outcomes = []
    try:
        load.build()
        load.sign(folder)
        context.template = make_template(folder / "template", binary)
        for fault in chosen(options):
            seed = options.seed or int.from_bytes(os.urandom(2), "big") + 1
            outcomes.append(outcome := perform(fault, context, seed, options.keep))
            print(json.dumps(outcome.object()) if options.json else outcome.line(options.verbose), flush=True)
    except Failure as failure:
        sys.exit(f"faults: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        context.clean_up()
        if options.keep:
            print(f"faults: logs are in {folder}", file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if options.record:
        record.write(outcomes, binary, is_whole=not options.faults)
    words = [outcome.word for outcome in outcomes]
    print(f"faults: {words.count('ok')} passed, {words.count('FAILED')} failed, {words.count('skipped')} skipped",
          file=sys.stderr if options.json else sys.stdout)
    sys.exit(1 if "FAILED" in words else 0)


if __name__ == "__main__":
    main()
