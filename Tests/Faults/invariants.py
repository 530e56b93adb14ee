"""What holds after every fault: I1 to I8 of docs/resilience.md. Each check returns measurements with their bounds."""

import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import replace

from measurement import at_least, at_most, none_of
from processes import Failure, wait_until

# The server's own deadline and what I3 gives it; the signs of a request without a response.
DEADLINE = 5.25
SILENT = {"closed", "timeout", "malformed", "unanswered"}
# Ten a second of the lines' times. Each of the two event loops may decide on a line as a second ends, and write it in the
# next one.
LOG_LINES_A_SECOND = 12
# The server is started with this pool; one more session belongs to the look at the database.
POOL = 4
TOKEN = re.compile(r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}")


# I1, I2

def differences(requests, records):
    """How tokens and records disagree: a dictionary of counts, all 0 when they agree."""
    rows, digests = Counter(id for id, _ in records), dict(records)
    received = [request for request in requests if request.is_token]
    ids = Counter(request.id for request in received)
    return {
        "tokens without a record": sum(id not in rows for id in ids),
        "tokens with another SHA-256 than their record": sum(
            digests.get(request.id, request.digest) != request.digest for request in received),
        "tokens handed out twice": sum(count > 1 for count in ids.values()),
        "records that are there twice": sum(count > 1 for count in rows.values()),
        "tokens for another caller": sum(request.of != request.line for request in received),
    }


def prove(requests, records):
    """Shows on the data of this run that `differences` notices each kind of falsified data."""
    received = [request for request in requests if request.is_token]
    if len(received) < 2:
        return
    first, second = received[0], next((r for r in received if r.line != received[0].line), None)
    others = [record for record in records if record[0] != first.id]
    falsified = {
        "tokens without a record": (received, others),
        "tokens with another SHA-256 than their record": (received, [*others, (first.id, bytes(32))]),
        "tokens handed out twice": ([*received, first], records),
        "records that are there twice": (received, [*records, records[0]]),
    }
    if second:
        falsified["tokens for another caller"] = ([replace(second, line=first.line), *received], records)
    for name, (some_requests, some_records) in falsified.items():
        if not differences(some_requests, some_records)[name]:
            raise Failure(f"the check does not notice {name}")


def tokens_and_records(run, requests):
    records = run.cluster.records()
    prove(requests, records)
    found = differences(requests, records)
    issued = sum(request.is_token for request in requests)
    run.note("tokens", issued)
    run.note("records without a token", len(records) - issued)
    if run.may_lose:
        run.note("tokens whose record an asynchronous standby did not have", found.pop("tokens without a record"))
    unsure = sum(not request.is_token for request in requests) + run.unseen
    return [
        *(none_of(f"I1 {name}", count) for name, count in found.items()),
        at_most("I2 records without a token", len(records) - issued, unsure, detail="more than requests without a token"),
    ]


# I3

def answers(run, requests):
    known = run.statuses | {"200"}
    silent = [request for request in requests if request.outcome in SILENT]
    unexpected = Counter(request.outcome for request in requests if request.outcome not in known | SILENT)
    hurried = [request for request in requests if request.outcome in ("503", "429")]
    slowest = max((request.seconds for request in requests if request.ended), default=0)
    return [
        none_of("I3 answers with another status", sum(unexpected.values()), ", ".join(sorted(unexpected))),
        at_most("I3 requests without an answer", len(silent), run.may_be_silent),
        none_of("I3 503 and 429 without Retry-After", sum(request.retry_after is None for request in hurried)),
        at_most("I3 slowest answer", slowest, run.deadline, "s"),
    ]


# I4

def due(request):
    return request.due


def recovery(run, requests):
    """After each window of a fault: how long until requests got tokens again, and whether they went on to."""
    measured, slowest, share, detail = [], 0, 1, ""
    requests = sorted(requests, key=due)
    for number, (window, following) in enumerate(zip(run.windows, [*run.windows[1:], None]), 1):
        until = following.began if following else float("inf")
        begin, end = bisect_right(requests, window.over, key=due), bisect_left(requests, until, key=due)
        # What is under way when the next fault begins belongs to that one.
        after = [
            request for request in requests[begin:end]
            if not (request.due > until - 1 and (request.ended > until or not request.ended))]
        late = [request for request in after if request.due > window.over + window.limit]
        failed = [request for request in after if not request.is_token]
        if late:
            share = min(share, sum(request.is_token for request in late) / len(late))
        elif not following:
            raise Failure("the load ended before recovery could be seen")
        if failed and (last := failed[-1]).due - window.over > slowest:
            slowest = last.due - window.over
            detail = f"{last.outcome} after {last.seconds:.2f} s, one of {len(failed)} after fault {number}"
    if run.windows:
        limit = max(window.limit for window in run.windows)
        measured.append(at_most("I4 recovery", slowest, limit, "s", detail, is_main=True))
        measured.append(at_least("I4 tokens after that", share * 100, 99.9, "%"))
    return measured


# I5, I6

def leaks(run):
    server, base = run.server, run.baseline
    if not base or not server.is_running() or server.process.pid != base["pid"]:
        return []

    def settled(measure, limit):
        wait_until(lambda: measure() <= limit, run.settle_seconds, pause=0.1)
        return measure()

    def idle():
        return run.cluster.backends("state LIKE 'idle in transaction%'")

    pool = int(server.environment.get("DATABASE_POOL_SIZE", POOL)) + run.sessions_more
    return [
        at_most("I5 descriptors", settled(server.descriptors, base["descriptors"] + 2), base["descriptors"] + 2),
        at_most("I5 threads", settled(server.threads, base["threads"]), base["threads"]),
        at_most("I5 sessions in PostgreSQL", settled(run.cluster.backends, pool + 1), pool + 1),
        none_of("I5 idle in transaction", settled(idle, 0)),
        at_most("I6 most memory", server.most_memory_mb(), 256, "MB"),
        at_most("I6 memory", settled(server.memory_mb, base["memory_mb"] * 1.2), base["memory_mb"] * 1.2, "MB"),
    ]


# I7

def probes(run):
    rows = run.probe_rows
    if not rows:
        return []
    # An answer is late when the server is: not when this machine lets the prober itself wait.
    alive = [row for row in rows if row.path == "/livez" and not run.is_excused(row.at)]
    ready = [row for row in rows if row.path == "/readyz"]
    measured = [
        none_of("I7 /livez not 200", sum(row.status != 200 for row in alive)),
        at_most("I7 slowest /livez", max((row.milliseconds for row in alive), default=0), run.livez_limit, "ms"),
    ]
    back, away = 0, 0
    for window in run.windows:
        first = next((row.at for row in ready if row.at >= window.over and row.status == 200), float("inf"))
        back = max(back, first - window.over)
        if window.is_outage:
            first = next((row.at for row in ready if row.at >= window.began and row.status != 200), float("inf"))
            away = max(away, first - window.began)
    if run.windows:
        measured.append(at_most("I7 ready again", back, max(window.limit for window in run.windows), "s"))
    if any(window.is_outage for window in run.windows):
        measured.append(at_most("I7 not ready", away, 2, "s"))
    return measured


def follows_tokens(run, requests):
    """How long /readyz said 200 while hardly any request got a token, and how long it did not while nearly all did.

    In quarters of a second of the main load, and of all requests that were due in them. A request that waited for the end
    of a lock got its token from a server that was rightly not ready: it is not among those that got theirs at once."""
    ready = [row for row in run.probe_rows if row.path == "/readyz" and not run.is_excused(row.at)]
    if not ready or not run.main_load.requests:
        return []
    asked, got, got_at_once, probes, said = Counter(), Counter(), Counter(), Counter(), Counter()
    for request in requests:
        quarter = int(request.due * 4)
        asked[quarter] += 1
        got[quarter] += request.is_token
        got_at_once[quarter] += request.is_token and request.ended - request.due < 0.5
    for row in ready:
        probes[int(row.at * 4)] += 1
        said[int(row.at * 4)] += row.status == 200
    due = [int(request.due * 4) for request in run.main_load.requests]
    quarters = range(min(due), max(due) + 1)

    def is_false_hope(quarter):
        return asked[quarter] and probes[quarter] == said[quarter] > 0 and got[quarter] < 0.05 * asked[quarter]

    def is_false_alarm(quarter):
        return asked[quarter] and probes[quarter] > said[quarter] == 0 and got_at_once[quarter] > 0.95 * asked[quarter]

    return [
        at_most("I7 ready while no token flows", longest(map(is_false_hope, quarters)) / 4, 2, "s"),
        at_most("I7 not ready while tokens flow", longest(map(is_false_alarm, quarters)) / 4, 2, "s"),
    ]


def longest(facts):
    """How many in a row are true, at most."""
    most = count = 0
    for fact in facts:
        count = count + 1 if fact else 0
        most = max(most, count)
    return most


# I8

def logs(run):
    counts, secrets = Counter(), [server.secret for server in run.servers] + run.secrets
    leaked = 0
    for server in run.servers:
        for process, line in server.lines_of_processes():
            # Each refusal has an access line, whatever its number (docs/metrics.md); tokens are sampled.
            if line.get("outcome", "issued") == "issued":
                counts[server.name, process, line.get("time"), re.sub(r"\d+", "0", str(line.get("message")))] += 1
            text = json.dumps(line)
            leaked += bool(TOKEN.search(text)) or any(secret in text for secret in secrets)
    most = max(((count, key) for key, count in counts.items() if key[2]), default=(0, ("",) * 4))
    return [
        at_most("I8 log lines a second of one kind", most[0], LOG_LINES_A_SECOND, detail=most[1][3]),
        none_of("I8 lines with a token or a secret", leaked),
    ]


def check(run):
    requests = [request for load in run.loads for request in load.requests]
    measured = leaks(run)
    if requests:
        measured += tokens_and_records(run, requests) + answers(run, requests)
    # Recovery is seen with the load that runs all the while.
    if run.main_load:
        measured += recovery(run, run.main_load.requests) + follows_tokens(run, requests)
    return measured + probes(run) + logs(run)
