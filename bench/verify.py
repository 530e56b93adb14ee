#!/usr/bin/env python3
"""Compares received tokens with the records in the database, jti by jti. PGHOST and so on name the database.

    bench/verify.py --since '2026-01-05 09:00:00+00' TOKENS...

Every token must have a record with its SHA-256, no two tokens the same one, and no record since then may lack a token.
--allow-unanswered lets records without a token pass, for runs in which the server was killed: a response may get lost,
a record may not. Exits with 1 when anything differs. `compare_in_windows` is for more tokens than fit into memory.
"""

import argparse
import base64
import hashlib
import json
import subprocess
import sys


class Difference(Exception):
    """Tokens and records do not agree."""


def read_tokens(paths):
    """The tokens in files, one a line."""
    for path in paths:
        with open(path, "rb") as file:
            yield from (line.rstrip(b"\n") for line in file)


def digest(token):
    """The jti of a token, and its SHA-256."""
    payload = token.split(b".")[1]
    jti = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))["jti"]
    return jti, hashlib.sha256(token).hexdigest()


def add_to(found, jti, sha256):
    if jti in found:
        raise Difference(f"two responses carry the token {jti}")
    found[jti] = sha256


def digests(tokens):
    """The SHA-256 of each token, by its jti."""
    found = {}
    for token in tokens:
        add_to(found, *digest(token))
    return found


def read_records(since, psql="psql"):
    """The records of the database, in the same form."""
    return read_records_where(f"issued_at >= '{since}'", psql)


def read_records_where(condition, psql="psql"):
    records = f"SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE {condition}"
    # A window is read by its index. The sizes that the planner knows are old while records are added.
    command = [
        psql, "--no-psqlrc", "--quiet", "--command", "SET enable_seqscan = off", "--command", f"COPY ({records}) TO STDOUT"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    return dict(line.split("\t") for line in output.splitlines())


def compare(received, records, allow_unanswered=False):
    """Raises Difference when the two do not agree."""
    unrecorded = received.keys() - records.keys()
    unanswered = set() if allow_unanswered else records.keys() - received.keys()
    altered = {jti for jti in received.keys() & records.keys() if received[jti] != records[jti]}
    if unrecorded or unanswered or altered:
        examples = ", ".join(sorted(unrecorded | unanswered | altered)[:3])
        raise Difference(
            f"{len(received)} tokens, {len(records)} records: {len(unrecorded)} tokens without a record, "
            f"{len(unanswered)} records without a token, {len(altered)} with another SHA-256; for example {examples}"
        )


# Of the time that a jti begins with, in seconds.
WINDOW = 10
# A token that arrives so many windows after others of its time is late. More than a request may take.
LATE = 2


def window_of(jti):
    """A UUID of version 7 begins with 48 bits of Unix milliseconds (RFC 9562, 5.7)."""
    return (int(jti[:8], 16) << 16 | int(jti[9:13], 16)) // (WINDOW * 1000)


def first_of(window):
    """The least UUID of a window."""
    digits = f"{window * WINDOW * 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}-0000-0000-000000000000"


def read_window(window, psql="psql"):
    """The records of a window, by the index of the primary key."""
    return read_records_where(f"id >= '{first_of(window)}' AND id < '{first_of(window + 1)}'", psql)


def compare_in_windows(tokens, read_records_of, count):
    """Compares tokens with records as `compare` does, a window of WINDOW seconds after the other, by the time of the jti.

    `tokens` come in about the order of time, as the load generator writes them, so that few windows are in memory at a
    time; one that comes more than LATE windows late is an error. `read_records_of` takes the number of a window.
    `count` is the number of all records there are: were it not that of those compared, there would be records before
    the first window or after the last one. Returns that number.
    """
    pending, done, newest, compared = {}, None, None, 0

    def close(until):
        nonlocal done, compared
        for window in range(done, until):
            records = read_records_of(window)
            compare(pending.pop(window, {}), records)
            compared += len(records)
        done = max(done, until)

    for jti, sha256 in map(digest, tokens):
        window = window_of(jti)
        if done is None:
            done, newest = window - LATE, window
        if window < done:
            raise Difference(f"the token {jti} arrived after those of {LATE} windows of {WINDOW} s that begin after its own")
        add_to(pending.setdefault(window, {}), jti, sha256)
        if window > newest:
            newest = window
            close(newest - LATE)
    if newest is None:
        raise Difference("there are no tokens")
    close(newest + 1)
    if compared != count:
        raise Difference(f"{count} records, but {compared} from the time of the tokens")
    return compared


def prove_in_windows(tokens, read_records_of, count):
    """Shows on the data of this run that `compare_in_windows` notices an altered token, a lost token, a token twice, a
    lost record, and a record of another time. `tokens` is called for the tokens, several times."""
    chosen = next(iter(tokens()))
    jti, _ = digest(chosen)

    def altered():
        head, payload, signature = chosen.split(b".")
        yield b".".join((head, payload, signature[::-1]))
        yield from (token for token in tokens() if token != chosen)

    def without_record(window):
        return {key: value for key, value in read_records_of(window).items() if key != jti}

    def twice():
        yield chosen
        yield from tokens()

    lost = (token for token in tokens() if token != chosen)
    for falsified in (
        (altered(), read_records_of, count), (lost, read_records_of, count), (twice(), read_records_of, count),
        (tokens(), without_record, count), (tokens(), read_records_of, count + 1),
    ):
        try:
            compare_in_windows(*falsified)
        except Difference:
            continue
        raise AssertionError("the verification does not notice a falsified token")


def prove(received, records):
    """Shows on the data of this run that `compare` notices an altered token, a lost token, and a lost record."""
    jti = next(iter(received))
    without = {key: value for key, value in received.items() if key != jti}
    wrong = {**received, jti: hashlib.sha256(b"another").hexdigest()}
    for falsified in ((wrong, records), (without, records), (received, {k: v for k, v in records.items() if k != jti})):
        try:
            compare(*falsified)
        except Difference:
            continue
        raise AssertionError("the verification does not notice a falsified token")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", required=True, help="records from this time on, as PostgreSQL reads it")
    parser.add_argument("--allow-unanswered", action="store_true", help="records without a token are no difference")
    parser.add_argument("tokens", nargs="+", metavar="TOKENS", help="file of tokens, one a line")
    options = parser.parse_args()
    try:
        received, records = digests(read_tokens(options.tokens)), read_records(options.since)
        compare(received, records, options.allow_unanswered)
    except Difference as difference:
        sys.exit(f"verify: {difference}")
    print(f"verify: {len(received)} tokens, {len(records)} records, no difference")


if __name__ == "__main__":
    main()
