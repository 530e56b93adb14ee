"""Runs faults with a server that a sanitizer watches: `faults.py F04 F12`.

Such a server is many times slower and larger: what is measured in seconds, megabytes and shares is printed and decides
nothing. A fault fails when it could not be made, or when tokens and records disagree (I1 and I2 of docs/resilience.md).
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def failures(outcome):
    if outcome["error"]:
        yield outcome["error"]
    for each in outcome["measurements"]:
        if each["name"].startswith(("tokens ", "records ")) and not each["holds"]:
            yield f"{each['name']}: {each['measured']}"


def main():
    run = subprocess.run(
        [ROOT / "scripts/faults", "--json", *sys.argv[1:]], stdout=subprocess.PIPE, text=True, timeout=1800)
    outcomes = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    failed = 0
    for outcome in outcomes:
        found = list(failures(outcome))
        failed += bool(found)
        missed = [each["name"] for each in outcome["measurements"] if not each["holds"]]
        print(outcome["id"], "; ".join(["FAILED", *found] if found else ["ok"]), outcome["notes"], "missed:", missed)
    failed += len(sys.argv) - 1 - len(outcomes)
    print(f"{len(outcomes) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
