"""Half an hour at 70 % of the peak, in windows of ten seconds. Run it with `scripts/bench-sustained`."""

import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bench
import measure
import verify

# What must hold: in every window, and over the second half of all windows.
P99_LIMIT_MS = 15
GROWTH_LIMIT_MB_A_MINUTE = 0.1
# The peak is the median of so many closed loops of so many seconds.
PEAK_RUNS, PEAK_SECONDS = 3, 5
# As an operator would set them: checkpoints begin by time, not because the log is full.
POSTGRES_SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "8GB", "checkpoint_timeout": "5min"}
# Bytes of a token in the load generator's file, and of a record with its index entries, at most.
TOKEN_BYTES, RECORD_BYTES = 400, 900
LOG_BYTES = 8 << 30

COLUMNS = [
    "second", "sent", "tokens", "p50_ms", "p99_ms", "max_ms", "rss_mb", "server_us", "postgres_us", "checkpoints",
]


def parse_options():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-sustained",
        description="Sends requests at an even rate for long, on a PostgreSQL of its own, and looks at each window of "
        "ten seconds. CONNVO_BINARY=FILE measures that binary and builds none. bench/README.md says what each figure means.",
    )
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    parser.add_argument("--share", type=float, default=0.7, help="of the peak, which a closed loop finds first (0.7)")
    parser.add_argument("--rate", type=float, help="requests a second, in the place of a share of the peak")
    parser.add_argument("--connections", type=int, default=64, help="connections to the server (64)")
    parser.add_argument("--tokens", type=int, default=200_000, help="different bearer tokens, used in turn (200000)")
    parser.add_argument("--window", type=float, default=10, help="seconds of a window (10)")
    parser.add_argument("--scale", type=float, default=1, help="1 is 100,000 users in 20,000 meetings of five (1)")
    parser.add_argument("--json", metavar="FILE", help="write the figures there, those of every window included")
    parser.add_argument("--keep", action="store_true", help="keep logs and received tokens, and say where")
    options = parser.parse_args()
    if not (0.1 <= options.minutes <= 120 and 0.1 <= options.share <= 1 and 1 <= options.window <= 60):
        parser.error("--minutes takes 0.1 to 120, --share 0.1 to 1, --window 1 to 60")
    if options.rate is not None and not 1 <= options.rate <= 100_000:
        parser.error("--rate takes 1 to 100000")
    if not (0.01 <= options.scale <= 100 and 1000 <= options.tokens <= 10_000_000):
        parser.error("--scale takes 0.01 to 100, --tokens 1000 to 10000000")
    # What the benchmark's own preparations and phases read.
    options.phases, options.seconds = [], PEAK_SECONDS
    return options


class Sustained:
    def __init__(self, options, work):
        self.options, self.work = options, work
        # Its preparations and settings: database, roles, business data, how the server is started.
        self.bench = bench.Bench(options, work)
        self.postgres = self.bench.postgres
        self.files = []

    def prepare(self):
        bench.say("preparing PostgreSQL: " + ", ".join(f"{name} {value}" for name, value in POSTGRES_SETTINGS.items()))
        self.postgres.configure(POSTGRES_SETTINGS)
        self.bench.migrate()
        self.postgres.query("CREATE ROLE connvo_server LOGIN IN ROLE connvo_app")
        self.postgres.seed(self.bench.users, 0)
        valid_for = 1200 + 60 * self.options.minutes
        self.bench.requests, self.bench.request_count, self.bench.jwks = bench.prepare_requests(
            self.options.tokens + bench.WARM_UP, self.bench.users, self.work, valid_for)

    # The load

    def warm_up(self, server):
        spare = ["--skip", self.bench.request_count - bench.WARM_UP, "--lines", bench.WARM_UP]
        self.load(server, "--count", bench.WARM_UP, *spare)

    def load(self, server, *arguments):
        """A closed loop; its file of tokens is kept."""
        summary, tokens = self.bench.load(server, f"tokens-{len(self.files)}", *arguments)
        self.files.append(tokens)
        return summary

    def find_peak(self):
        """The requests a second of a closed loop."""
        bench.say(f"finding the peak: {PEAK_RUNS} closed loops of {PEAK_SECONDS} s")
        cycle = ["--seconds", PEAK_SECONDS, "--lines", self.options.tokens, "--repeat"]
        with bench.Ours(self.bench) as server:
            self.warm_up(server)
            return [self.load(server, *cycle)["rps"] for _ in range(PEAK_RUNS)]

    def sustain(self, rate, tokens):
        """The long run. Returns the windows and the load generator's summary."""
        with bench.Ours(self.bench) as server:
            self.warm_up(server)
            command = [
                bench.BUILD / "load", "--port", server.port, "--requests", self.bench.requests, "--tokens", tokens,
                "--connections", self.options.connections, "--lines", self.options.tokens, "--repeat",
                "--rate", rate, "--seconds", 60 * self.options.minutes, "--window", self.options.window,
            ]
            self.files.append(tokens)
            windows, before = [], self.read(server)
            process = bench.start(*command, stdout=subprocess.PIPE)
            try:
                # The load generator ends by itself: after the time, and as long again as a request may take.
                for line in process.stdout:
                    figures = json.loads(line)
                    if "window" not in figures:
                        break
                    now = self.read(server)
                    windows.append(self.window(figures, before, now))
                    before = now
                code = process.wait(60)
            finally:
                process.kill()
            if code != 0:
                sys.exit(f"bench: not every request got a token: {line}\n{server.log.read_text()[-2000:]}")
        return windows, figures

    def read(self, server):
        """What has grown since the start, and memory."""
        with open(f"{self.postgres.home}/data/postmaster.pid") as file:
            postmaster = int(file.readline())
        return {
            "server": measure.cpu_seconds(server.process.pid), "postgres": measure.cpu_seconds(postmaster),
            "rss": measure.memory_mb(server.process.pid)[0], "checkpoints": self.postgres.checkpoints(),
        }

    def window(self, figures, before, now):
        tokens = max(1, figures["tokens"])
        window = [
            round(figures["window"] * self.options.window, 1), figures["sent"], figures["tokens"],
            figures["p50"], figures["p99"], figures["max"], round(now["rss"], 2),
            round((now["server"] - before["server"]) / tokens * 1e6, 1),
            round((now["postgres"] - before["postgres"]) / tokens * 1e6, 1),
            now["checkpoints"] - before["checkpoints"],
        ]
        found = dict(zip(COLUMNS, window))
        bench.say(
            f"{found['second']:g} s: {found['tokens']} tokens, p50 {found['p50_ms']:.1f} ms, p99 {found['p99_ms']:.1f}, "
            f"max {found['max_ms']:.1f}, RSS {found['rss_mb']:.1f} MB, server {found['server_us']:.0f} us, PostgreSQL "
            f"{found['postgres_us']:.0f} us" + (", a checkpoint" if found["checkpoints"] else ""))
        return found

    # The verification

    def arguments_of_verification(self):
        psql = self.postgres.bin / "psql"
        count = int(self.postgres.query("SELECT count(*) FROM connvo.issued_tokens"))
        return (lambda window: verify.read_window(window, psql)), count

    def prove(self):
        """Shows on what the peak left behind that the verification notices a difference."""
        verify.prove_in_windows(lambda: verify.read_tokens(self.files), *self.arguments_of_verification())

    def verify(self):
        """Compares every token with its record; returns their number."""
        bench.say("comparing every token with its record")
        compared = verify.compare_in_windows(verify.read_tokens(self.files), *self.arguments_of_verification())
        if refusals := self.postgres.refusals():
            sys.exit(f"bench: {refusals} refusals were recorded, and none was expected")
        return compared

    # The course

    def run(self):
        options = self.options
        peaks = [] if options.rate else self.find_peak()
        if not peaks:
            with bench.Ours(self.bench) as server:
                self.warm_up(server)
        self.prove()
        rate = options.rate or round(options.share * statistics.median(peaks))
        tokens = self.place_for_tokens(int(60 * options.minutes * rate))
        try:
            bench.say(f"{options.minutes:g} minutes at {rate:g} requests a second")
            began, before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), self.sizes()
            windows, summary = self.sustain(rate, tokens)
            log, database = (after - size for after, size in zip(self.sizes(), before))
            return {
                "began": began, "peaks": peaks, "rate": rate, "summary": summary, "windows": windows,
                "log_bytes": log, "database_bytes": database,
                "verified": self.verify(), "verifier_peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        finally:
            if not options.keep:
                tokens.unlink(missing_ok=True)

    def sizes(self):
        """The bytes of the log written so far, and of the database."""
        written = self.postgres.query(
            "SELECT CAST(pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') AS bigint), pg_database_size(current_database())")
        return [int(size) for size in written.split("|")]

    def place_for_tokens(self, count):
        """The file for so many tokens: in memory, or on the disk where that is too small. Ends this program when the
        records will not fit."""
        records, tokens = count * RECORD_BYTES + LOG_BYTES, count * TOKEN_BYTES
        on_disk = Path(tempfile.gettempdir(), f"{self.work.name}.tokens")
        with open("/proc/meminfo") as file:
            available = next(1024 * int(line.split()[1]) for line in file if line.startswith("MemAvailable:"))
        in_memory = tokens < min(shutil.disk_usage(self.work).free, available / 2)
        free = shutil.disk_usage(self.postgres.home).free
        needed = records + (0 if in_memory else tokens)
        if needed > free:
            sys.exit(f"bench: {count} requests may take {needed >> 20} MiB of disk, and {free >> 20} are free")
        return self.work / "sustained.tokens" if in_memory else on_disk


# --- Figures


def judge(figures):
    """The slope of memory over the second half of the windows, and what does not hold."""
    windows, failures = figures["windows"], []
    half = windows[len(windows) // 2:]
    minutes = [window["second"] / 60 for window in half]
    slope = statistics.linear_regression(minutes, [window["rss_mb"] for window in half]).slope if len(half) > 1 else 0.0
    slow = [window for window in windows if window["p99_ms"] > P99_LIMIT_MS]
    if slow:
        worst = max(slow, key=lambda window: window["p99_ms"])
        failures.append(
            f"p99 above {P99_LIMIT_MS} ms in {len(slow)} of {len(windows)} windows, {worst['p99_ms']:.1f} ms in that from "
            f"second {worst['second']:g}")
    empty = [window for window in windows if not window["tokens"]]
    if empty:
        failures.append(f"no token at all in {len(empty)} windows")
    if slope > GROWTH_LIMIT_MB_A_MINUTE:
        failures.append(f"memory grows by {slope:.2f} MB a minute, not {GROWTH_LIMIT_MB_A_MINUTE} at most")
    summary = figures["summary"]
    if summary["unsent"]:
        failures.append(f"{summary['unsent']} requests were due and never sent")
    if sum(window["tokens"] for window in windows) != summary["tokens"]:
        failures.append("the windows do not add up to all tokens")
    return slope, failures


def print_figures(figures, slope, failures):
    windows, summary = figures["windows"], figures["summary"]

    def column(name):
        return [window[name] for window in windows]

    minutes = windows[-1]["second"] / 60 + figures["options"]["window"] / 60
    p99, memory, checkpoints = column("p99_ms"), column("rss_mb"), column("checkpoints")
    at_checkpoints = [window["p99_ms"] for window in windows if window["checkpoints"]]
    print(f"\n{minutes:.1f} minutes in {len(windows)} windows, {summary['tokens']} tokens")
    if figures["peaks"]:
        print(f"peak                   {statistics.median(figures['peaks']):,.0f} requests a second, closed loop")
    print(f"rate                   {figures['rate']:,.0f} requests a second, {summary['rps']:,.0f} answered")
    print(f"p50, medians           {statistics.median(column('p50_ms')):.1f} ms")
    print(f"p99                    {statistics.median(p99):.1f} ms in the median window, {max(p99):.1f} in the worst "
          f"(<= {P99_LIMIT_MS})")
    print(f"longest                {max(column('max_ms')):.1f} ms")
    print(f"checkpoints            {sum(checkpoints)}, p99 in their windows at most "
          + (f"{max(at_checkpoints):.1f} ms" if at_checkpoints else "-"))
    print(f"server, PostgreSQL     {statistics.median(column('server_us')):.0f} and "
          f"{statistics.median(column('postgres_us')):.0f} us of CPU time a request, medians")
    print(f"resident memory        {memory[0]:.1f} MB in the first window, {memory[len(memory) // 2]:.1f} in the middle, "
          f"{memory[-1]:.1f} in the last; {slope:+.3f} MB a minute over the second half (<= {GROWTH_LIMIT_MB_A_MINUTE})")
    print(f"a token                {figures['database_bytes'] / summary['tokens']:,.0f} bytes of database, "
          f"{figures['log_bytes'] / summary['tokens']:,.0f} of log")
    print(f"verified               {figures['verified']} tokens with their records")
    print(f"sustained: {'FAILED' if failures else 'passed'}")
    for failure in failures:
        print(f"sustained: {failure}", file=sys.stderr)


def write(path, figures):
    """As JSON, with a line for each window."""
    rest = {name: value for name, value in figures.items() if name != "windows"}
    rows = ",\n".join("    " + json.dumps([window[name] for name in COLUMNS]) for window in figures["windows"])
    text = json.dumps({**rest, "columns": COLUMNS}, indent=2)
    Path(path).write_text(f'{text[:-2]},\n  "windows": [\n{rows}\n  ]\n}}\n')


def main():
    options = parse_options()
    if os.environ.get("CONNVO_SUSTAINED_STAGE") != "run":
        bench.prepare(options)
        os.environ["CONNVO_SUSTAINED_STAGE"] = "run"
        with_postgres = str(bench.CHECKOUT / "scripts/with-postgres")
        os.execv(with_postgres, [with_postgres, "--fsync", sys.executable, __file__, *sys.argv[1:]])

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    if os.getloadavg()[0] > 0.7:
        bench.say(f"other things are running here (load average {os.getloadavg()[0]:.1f}): the figures will be worse")
    memory = "/dev/shm" if os.path.isdir("/dev/shm") else None
    work = Path(tempfile.mkdtemp(prefix="connvo-sustained.", dir=memory))
    try:
        sustained = Sustained(options, work)
        sustained.prepare()
        figures = sustained.run()
        slope, failures = judge(figures)
        figures |= {
            "rss_mb_a_minute": slope, "failures": failures, "options": vars(options), "postgres_settings": POSTGRES_SETTINGS,
            "postgres": sustained.postgres.query("SHOW server_version"),
        }
        if options.json:
            write(options.json, figures)
        print_figures(figures, slope, failures)
    except verify.Difference as difference:
        sys.exit(f"bench: {difference}")
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        if options.keep:
            bench.say(f"logs and tokens are in {work}")
        else:
            shutil.rmtree(work)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
