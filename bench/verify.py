#!/usr/bin/env python3
"""Compares received tokens with the records in the database, jti by jti. PGHOST and so on name the database.

    bench/verify.py --since '2026-01-05 09:00:00+00' TOKENS...

Every token must have a record with its SHA-256, no two tokens the same one, and no record since then may lack a token.
--allow-unanswered lets records without a token pass, for runs in which the server was killed: a response may get lost,
a record may not. Exits with 1 when anything differs.
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


def digests(tokens):
    """The SHA-256 of each token, by its jti."""
    found = {}
    for token in tokens:
        payload = token.split(b".")[1]
        jti = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))["jti"]
        if jti in found:
            raise Difference(f"two responses carry the token {jti}")
        found[jti] = hashlib.sha256(token).hexdigest()
    return found


def read_records(since, psql="psql"):
    """The records of the database, in the same form."""
    records = f"SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE issued_at >= '{since}'"
    command = [psql, "--no-psqlrc", "--quiet", "--command", f"COPY ({records}) TO STDOUT"]
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
