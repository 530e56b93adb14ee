"""Measures the views of schema reporting: scripts/bench-reports runs this against a PostgreSQL of its own."""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
PSQL = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]

# Without a meeting or a user this one reads every record, which is not its use.
CONDITIONS = {
    "meeting_token_holders_v1": "WHERE meeting_id = '{meeting}'",
}


def psql(*arguments: str) -> str:
    """Runs psql and returns what it prints; a failure ends the program."""
    done = subprocess.run([*PSQL, "--quiet", *arguments], capture_output=True, text=True, cwd=CHECKOUT, check=False)
    if done.returncode != 0:
        sys.exit(f"bench-reports: psql {' '.join(arguments)}\n{done.stderr}")
    return done.stdout.strip()


def migrate() -> None:
    for file in sorted((CHECKOUT / "sql/migrations").glob("*.sql")):
        psql("--single-transaction", f"--file={file}")
    psql(f"--file={CHECKOUT / 'sql/roles.sql'}")


def measure(view: str, condition: str, rounds: int) -> dict:
    """Reads the whole view, so many times: the number of rows, and the median of milliseconds."""
    query = f"SELECT * FROM reporting.{view} {condition}"
    timed = subprocess.run(
        [*PSQL, "--command=SET ROLE connvo_reporter", "--command=SET jit = off", "--command=\\timing on",
         *[f"--command=\\copy ({query}) TO '/dev/null'"] * rounds],
        capture_output=True, text=True, check=True,
    ).stdout
    times = [float(found) for found in re.findall(r"^Time: ([0-9.]+) ms", timed, flags=re.MULTILINE)]
    rows = [int(found) for found in re.findall(r"^COPY ([0-9]+)$", timed, flags=re.MULTILINE)]
    if len(times) != rounds or len(rows) != rounds:
        sys.exit(f"bench-reports: {rounds} times were expected from psql, not: {timed}")
    return {"rows": rows[-1], "ms": round(statistics.median(times), 1)}


def refresh() -> dict:
    """Refreshes the rollups completely; returns the number of calls and the seconds."""
    started = time.monotonic()
    calls = 0
    while True:
        calls += 1
        current = psql("--command=SET ROLE connvo_owner", "--command=SELECT is_current FROM connvo.refresh_rollups()")
        if current == "t":
            break
    seconds = time.monotonic() - started
    psql("--command=VACUUM (ANALYZE)")
    return {"calls": calls, "seconds": round(seconds, 1)}


def overview(rounds: int) -> dict[str, float]:
    """The median of milliseconds that `report overview` takes, start of the program included, for two periods."""
    newest = psql("--command=SELECT max(day_utc) + 1 FROM reporting.token_issuance_daily_v1")
    year = psql(f"--command=SELECT date '{newest}' - 365")
    figures = {}
    for name, period in (("last 30 days", []), ("365 days", ["--from", year, "--to", newest])):
        times = []
        for _ in range(rounds):
            started = time.monotonic()
            subprocess.run(
                [os.environ["CONNVO_BINARY"], "report", "overview", *period, "--output", "/dev/null"], check=True,
                env={**os.environ, "DATABASE_ADMIN_URL": "postgresql:///" + os.environ["PGDATABASE"]},
            )
            times.append(1000 * (time.monotonic() - started))
        figures[name] = round(statistics.median(times), 1)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench-reports", description=__doc__)
    parser.add_argument("--tokens", type=int, default=2_000_000)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", metavar="FILE", help="write the figures there")
    arguments = parser.parse_args()

    migrate()
    started = time.monotonic()
    made = subprocess.run(
        ["scripts/make-history", "--tokens", str(arguments.tokens), "--months", str(arguments.months),
         "--seed", str(arguments.seed), "--no-refresh"],
        capture_output=True, text=True, cwd=CHECKOUT, check=False,
    )
    if made.returncode != 0:
        sys.exit(f"bench-reports: scripts/make-history failed\n{made.stderr}")
    history = {"made": made.stdout.strip(), "seconds": round(time.monotonic() - started, 1)}
    print(f"{history['made']} made in {history['seconds']} s", flush=True)

    views = psql("--command=SELECT relname FROM pg_class WHERE relnamespace = 'reporting'::regnamespace ORDER BY 1").split()
    meeting = psql("--command=SELECT meeting_id FROM connvo.issued_tokens GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
    conditions = {view: CONDITIONS.get(view, "").format(meeting=meeting) for view in views}
    without = {view: measure(view, conditions[view], 1) for view in views}
    refreshed = refresh()
    print(f"rolled up in {refreshed['seconds']} s, {refreshed['calls']} calls", flush=True)
    rolled = {view: measure(view, conditions[view], 3) for view in views}

    print(f"\n| {'view':30} | {'rows':>9} | {'ms with rollups':>15} | {'ms without':>10} |")
    print(f"|{'-' * 32}|{'-' * 10}:|{'-' * 16}:|{'-' * 11}:|")
    for view in views:
        if rolled[view]["rows"] != without[view]["rows"] and view != "live_tokens_v1":
            sys.exit(f"bench-reports: {view} has {rolled[view]['rows']} rows with rollups, {without[view]['rows']} without")
        print(f"| {view:30} | {rolled[view]['rows']:9,} | {rolled[view]['ms']:15,.0f} | {without[view]['ms']:10,.0f} |")
    totals = [sum(view["ms"] for view in measured.values()) for measured in (rolled, without)]
    print(f"| {'all of them':30} | {'':9} | {totals[0]:15,.0f} | {totals[1]:10,.0f} |")
    pages = overview(3) if os.environ.get("CONNVO_BINARY") else {}
    for name, milliseconds in pages.items():
        print(f"| {'report overview, ' + name:30} | {'':9} | {milliseconds:15,.0f} | {'':10} |")

    if arguments.json:
        figures = {
            "tokens": arguments.tokens, "months": arguments.months, "seed": arguments.seed, "history": history,
            "refresh": refreshed, "server": psql("--command=SHOW server_version"),
            "views": {
                view: {"rows": rolled[view]["rows"], "ms": rolled[view]["ms"], "ms_without_rollups": without[view]["ms"]}
                for view in views
            },
            "overview_ms": pages,
        }
        pathlib.Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
