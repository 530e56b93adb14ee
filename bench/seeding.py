"""Measures seeding and exporting. Run it with `scripts/bench-seed`."""

import argparse
import csv
import filecmp
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import CHECKOUT, Postgres, run, say, use_release_binary

FORMATS = ["ndjson", "json", "csv"]
KINDS = ["organizations", "users", "meetings", "meeting_participants"]
# What a seed writes; a second one must write none of it.
WRITES = (
    "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE schemaname = 'connvo'"
)


def parse_options():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-seed",
        description="Measures seed and export against psql's \\copy of the same rows into the same tables, on a "
        "PostgreSQL of its own, with fsync. CONNVO_BINARY=FILE measures that binary and builds none.",
    )
    parser.add_argument("--users", type=int, default=100_000, help="a multiple of 5; a fifth as many meetings (100000)")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything runs (3)")
    parser.add_argument("--formats", type=lambda text: text.split(","), default=FORMATS, help=",".join(FORMATS))
    parser.add_argument("--json", metavar="FILE", help="write the figures there, those of every round included")
    options = parser.parse_args()
    if set(options.formats) - set(FORMATS):
        parser.error("--formats takes " + ",".join(FORMATS))
    if options.users < 5 or options.users % 5 or not 1 <= options.rounds <= 100:
        parser.error("--users takes a multiple of 5, --rounds 1 to 100")
    return options


def prepare():
    """Installs and builds. Sets CONNVO_BINARY."""
    if not os.environ.get("CONNVO_BINARY"):
        run(CHECKOUT / "scripts/install-dependencies", stdout=sys.stderr, timeout=1800)
    use_release_binary()


# --- The set


def rows(kind, users):
    """The same rows each time. Ids have the length of real ones; five users to a meeting, each user in one."""
    base = 10**18
    for index in range({"organizations": -(-users // 20), "users": users, "meetings": users // 5}.get(kind, users)):
        if kind == "organizations":
            yield {"id": f"org_01KQJZ5{base + index}", "name": f"Organization {index}"}
        elif kind == "users":
            yield {
                "id": f"user_01KQJZ5{base + index}", "email": f"person.{index}@example.com",
                "display_name": f"Person Number {index}", "avatar_url": f"https://example.com/avatars/{index}.jpg",
                "organization_id": f"org_01KQJZ5{base + index // 20}", "is_active": True,
            }
        elif kind == "meetings":
            yield {
                "id": f"meeting_01KQJZ5{base + index}",
                "organizer_id": f"user_01KQJZ5{base + index * 5 * 7919 % users}", "title": f"Meeting {index}",
                "state": "active", "scheduled_at": "2026-01-05T09:00:00Z", "started_at": "2026-01-05T09:01:00Z",
                "stream_call_type": "default", "stream_call_id": f"call_meeting_01KQJZ5{base + index}",
            }
        else:
            yield {
                "meeting_id": f"meeting_01KQJZ5{base + index // 5}",
                "user_id": f"user_01KQJZ5{base + index * 7919 % users}",
                "role": ["host", "co-host", "participant", "participant", "observer"][index % 5],
                "invited_at": "2026-01-04T12:00:00Z" if index % 5 else None,
            }


def write_sets(options, work):
    """Returns the files of each format; those of psql leave the organizers to the trigger, as it would clash with them."""
    files = {name: [] for name in [*options.formats, "copy"]}
    for name in files:
        (work / name).mkdir()
    if "json" in files:
        with open(work / "json/set.json", "w") as file:
            everything = {kind: list(rows(kind, options.users)) for kind in KINDS}
            file.write("{" + ",\n".join(
                f'"{kind}": [\n' + ",\n".join(json.dumps(row) for row in everything[kind]) + "\n]" for kind in KINDS) + "}\n")
        files["json"] = [work / "json/set.json"]
    if "ndjson" in files:
        with open(work / "ndjson/set.ndjson", "w") as file:
            for kind in KINDS:
                for row in rows(kind, options.users):
                    file.write(json.dumps({"kind": kind, **row}) + "\n")
        files["ndjson"] = [work / "ndjson/set.ndjson"]
    for name in {"csv", "copy"} & set(files):
        for kind in KINDS:
            path = work / name / f"{kind}.csv"
            with open(path, "w", newline="") as file:
                writer = csv.DictWriter(file, list(next(rows(kind, options.users))))
                writer.writeheader()
                writer.writerows(
                    {key: str(value).lower() if isinstance(value, bool) else value for key, value in row.items()}
                    for row in rows(kind, options.users)
                    if name == "csv" or row.get("role") != "host")
            files[name].append(path)
    return files


# --- What is measured


def measured(*command, database, output=None):
    """Seconds, and the peak of resident memory in MB, of a command that must succeed."""
    environment = {
        "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
        "PGHOST": os.environ["PGHOST"], "PGPORT": os.environ["PGPORT"], "PGUSER": os.environ["PGUSER"],
        "PGDATABASE": database, "DATABASE_URL": f"postgresql:///{database}",
    }
    began = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], env=environment, text=True, stdin=subprocess.DEVNULL,
        stdout=open(output, "w") if output else subprocess.PIPE, stderr=subprocess.STDOUT if not output else None)
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    if process.returncode != 0:
        sys.exit(f"bench-seed: {' '.join(map(str, command))} ended with {process.returncode}:\n{said[-4000:]}")
    return seconds, usage.ru_maxrss / 1024, said


class Databases:
    """Copies of a migrated database."""

    def __init__(self, postgres):
        self.postgres = postgres
        self.count = 0
        measured(os.environ["CONNVO_BINARY"], "migrate", database="connvo")

    def make(self):
        self.count += 1
        name = f"seed_{self.count}"
        # Before the measurement, so that no phase pays for writing the copy.
        self.postgres.query(f"CREATE DATABASE {name} TEMPLATE connvo")
        self.postgres.query("CHECKPOINT")
        return name

    def drop(self, name):
        self.postgres.query(f"DROP DATABASE {name} WITH (FORCE)")

    def ask(self, name, sql):
        command = [self.postgres.bin / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--dbname", name]
        return run(*command, "--command", sql, capture_output=True).stdout.strip()

    def writes(self, name):
        """Waits until all other sessions have ended: a session reports its counts when it ends."""
        while self.ask(
            name,
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend'") != "0":
            time.sleep(0.01)
        return int(self.ask(name, WRITES))


def measure_copy(databases, files):
    name = databases.make()
    script = files[0].parent / "load.sql"
    copies = [
        f"\\copy connvo.{path.stem} ({path.open().readline().strip()}) FROM '{path}' WITH (FORMAT csv, HEADER)"
        for path in files]
    script.write_text("\\set ON_ERROR_STOP 1\nBEGIN;\n" + "\n".join(copies) + "\nCOMMIT;\n")
    seconds, _, _ = measured(
        databases.postgres.bin / "psql", "--no-psqlrc", "--quiet", "--file", script, database=name)
    counts = {kind: int(databases.ask(name, f"SELECT count(*) FROM connvo.{kind}")) for kind in KINDS}
    databases.drop(name)
    return {"seconds": seconds}, counts


def measure_format(databases, name_of_format, files, work, expected):
    binary = os.environ["CONNVO_BINARY"]
    one, two = databases.make(), databases.make()
    figures = {}
    figures["first_s"], figures["peak_mb"], said = measured(binary, "seed", *files, database=one)
    counts = {kind: int(databases.ask(one, f"SELECT count(*) FROM connvo.{kind}")) for kind in KINDS}
    if counts != expected:
        sys.exit(f"bench-seed: {counts} rows instead of {expected}: {said}")
    before = databases.writes(one)
    figures["second_s"], _, said = measured(binary, "seed", *files, database=one)
    figures["second_writes"] = databases.writes(one) - before
    if figures["second_writes"] != 0:
        sys.exit(f"bench-seed: the second run wrote {figures['second_writes']} rows: {said}")

    kinds = [*KINDS, "subscription_tiers", "subscriptions"] if name_of_format == "csv" else [None]
    exports = []
    for database in (one, two):
        folder = Path(tempfile.mkdtemp(dir=work))
        exports.append([])
        seconds = 0
        for kind in kinds:
            path = folder / f"{kind or 'all'}.{name_of_format}"
            flags = ["--kind", kind] if kind else []
            took, peak, _ = measured(binary, "export", "--format", name_of_format, *flags, database=database, output=path)
            seconds += took
            exports[-1].append(path)
        if database == one:
            figures["export_s"], figures["export_peak_mb"] = seconds, peak
            figures["export_mb"] = sum(path.stat().st_size for path in exports[0]) / 1e6
            measured(binary, "seed", *exports[0], database=two)
    for left, right in zip(*exports):
        if not filecmp.cmp(left, right, shallow=False):
            sys.exit(f"bench-seed: {left} and {right} differ: what was exported is not what was seeded")
    for paths in exports:
        shutil.rmtree(paths[0].parent)
    databases.drop(one)
    databases.drop(two)
    return figures


def print_table(options, figures):
    counts = ", ".join(f"{count} {kind}" for kind, count in figures["rows"].items())
    print(f"\n{counts}; medians of {options.rounds} rounds")
    print(f"{'':8}{'first s':>9}{'x copy':>8}{'second s':>10}{'writes':>8}{'peak MB':>9}{'export s':>10}{'MB':>7}{'peak MB':>9}")
    print(f"{'copy':8}{figures['copy_s']:9.2f}{1:8.2f}")
    for name in options.formats:
        f = figures["formats"][name]
        print(
            f"{name:8}{f['first_s']:9.2f}{f['first_s'] / figures['copy_s']:8.2f}{f['second_s']:10.2f}"
            f"{f['second_writes']:8.0f}{f['peak_mb']:9.0f}{f['export_s']:10.2f}{f['export_mb']:7.1f}{f['export_peak_mb']:9.0f}")
    print("\nexport, seeded into an empty database, exported again: equal, byte by byte")


def main():
    options = parse_options()
    if os.environ.get("CONNVO_BENCH_STAGE") != "measure":
        prepare()
        os.environ["CONNVO_BENCH_STAGE"] = "measure"
        with_postgres = str(CHECKOUT / "scripts/with-postgres")
        os.execv(with_postgres, [with_postgres, "--fsync", sys.executable, __file__, *sys.argv[1:]])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    work = Path(tempfile.mkdtemp(prefix="connvo-bench-seed.", dir=memory))
    try:
        postgres = Postgres()
        postgres.configure()
        databases = Databases(postgres)
        files = write_sets(options, work)
        rounds = []
        for number in range(options.rounds):
            say(f"round {number + 1} of {options.rounds}")
            copied, expected = measure_copy(databases, files["copy"])
            formats = {}
            for name in options.formats[number % len(options.formats):] + options.formats[:number % len(options.formats)]:
                formats[name] = measure_format(databases, name, files[name], work, expected)
            rounds.append({"copy": copied, "formats": formats})
        figures = {
            "rows": expected,
            "copy_s": statistics.median(each["copy"]["seconds"] for each in rounds),
            "formats": {
                name: {
                    key: statistics.median(each["formats"][name][key] for each in rounds)
                    for key in rounds[0]["formats"][name]}
                for name in options.formats},
            "rounds": rounds,
        }
        print_table(options, figures)
        if options.json:
            Path(options.json).write_text(json.dumps(figures, indent=2) + "\n")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
