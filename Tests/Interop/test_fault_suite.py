"""The fault suite itself: its arguments, its table, and that its comparisons notice what they should."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

FAULTS = ROOT / "Tests/Faults"
# In a process of its own, because modules of both suites have the same names.
PRELUDE = f"import sys; sys.dont_write_bytecode = True; sys.path.insert(0, {str(FAULTS)!r}); import json, pathlib\n"


def evaluate(code: str) -> object:
    """What the code prints as JSON, with the modules of the fault suite in the path."""
    done = subprocess.run([sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def faults(*arguments: str) -> subprocess.CompletedProcess:
    """scripts/faults; a binary that is none, so that nothing is built or run."""
    environment = {**os.environ, "CONNVO_BINARY": "/nonexistent/connvo-server"}
    return subprocess.run(
        [ROOT / "scripts/faults", *arguments], env=environment, capture_output=True, text=True, timeout=120)


def test_the_list_has_each_fault_once_and_says_which_are_quick():
    done = faults("--list")
    rows = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    ids = [row[0] for row in rows]
    assert done.returncode == 0 and len(ids) == len(set(ids)) >= 40
    numbers = {int(id[1:3]) for id in ids}
    assert numbers >= {*range(1, 28), *range(30, 37), 38, 39, 40, 41}
    quick = {row[0] for row in rows if row[1].startswith("quick ")}
    # A restart, a kill, a failover, a black hole, a cut COMMIT, a full disk, hostile clients, overload, drain.
    assert quick >= {"F04", "F05", "F07", "F10", "F12", "F18", "F23", "F24b", "F27", "F30", "F31", "F32", "F33"}


@pytest.mark.parametrize(
    "arguments",
    [["F99"], ["--seed", "0"], ["--record", "--quick"], ["--nothing"]],
    ids=lambda arguments: " ".join(arguments),
)
def test_wrong_arguments_end_with_64_before_anything_is_built(arguments):
    done = faults(*arguments)
    assert done.returncode == 64 and arguments[0].lstrip("-") in done.stderr


def test_a_binary_that_is_none_ends_with_69():
    assert faults("F04").returncode == 69


def test_the_comparison_notices_each_kind_of_difference():
    counts = evaluate("""
from load import Request
import invariants
def request(id, digest, line=1, of=1): return Request(0, 0, 1, "200", line, None, id, digest, of)
good = [request(b"a", b"1"), request(b"b", b"2")]
cases = {
    "none": (good, [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]),
    "tokens without a record": (good, [(b"a", b"1")]),
    "tokens with another SHA-256 than their record": (good, [(b"a", b"1"), (b"b", b"1")]),
    "tokens handed out twice": (good + good[:1], [(b"a", b"1"), (b"b", b"2")]),
    "records that are there twice": (good, [(b"a", b"1"), (b"b", b"2"), (b"b", b"2")]),
    "tokens for another caller": (good + [request(b"c", b"3", of=2)], [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]),
}
print(json.dumps({name: {k: v for k, v in invariants.differences(*case).items() if v} for name, case in cases.items()}))
""")
    assert counts == {name: {} if name == "none" else {name: 1} for name in counts}


def test_recovery_counts_to_the_last_request_without_a_token_of_each_window():
    measured = evaluate("""
from types import SimpleNamespace
from load import Request
from scenario import Window
import invariants
def request(due, granted): return Request(due, due, due + 0.01, "200" if granted else "503", 1, None, *((b"a", b"1", 1) if granted else ()))
requests = [request(at / 10, not (50 <= at < 62 or 100 <= at < 105)) for at in range(200)]
run = SimpleNamespace(windows=[Window(4.95, 5.45, 2.0, False), Window(9.95, 9.97, 2.0, False)])
print(json.dumps([[each.name, round(each.value, 2), each.holds] for each in invariants.recovery(run, requests[::-1])]))
""")
    assert measured == [["I4 recovery", 0.65, True], ["I4 tokens after that", 100, True]]


def test_the_soak_sees_what_grows_and_not_what_comes_and_goes():
    figures = evaluate("""
from soak import Sample, growth, slope
def of(grows): return [Sample(at, 40 + at * grows / 60, 0, 0) for at in range(600)]
comes_and_goes = [40 + (at % 7 == 0) * 50 for at in range(600)]
print(json.dumps([slope(of(0.0)), slope(of(1.5)), growth(comes_and_goes), growth([40 + at // 100 for at in range(600)])]))
""")
    assert figures == [pytest.approx(0, abs=1e-6), pytest.approx(1.5), 0, 5]


def test_the_page_keeps_its_prose_and_the_rows_of_other_faults(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("""before

<!-- The table is written by scripts/faults --record. -->

2026-01-01, commit old. 1 of 2 held; old.

| | fault | bound | measured | | |
|---|---|---|---|---|---|
| F04 | old | b | m | **missed** | |
| F05 | old | b | m | held | |

<!-- End of the table. -->

after
""")
    evaluate(f"""
import main, record
from measurement import at_most
record.PAGE = pathlib.Path({str(page)!r})
outcome = main.Outcome(main.FAULTS["F04"], 7)
outcome.measurements = [at_most("failed", 1, 20, is_main=True)]
record.write([outcome], "/bin/true", is_whole=False)
print("null")
""")
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("-->\n\nafter\n")
    assert "2026-01-01, commit old. 2 of 2 held;" in text
    assert "| F05 | old | b | m | held | |" in text and "| failed ≤ 20 | 1 | held | 2" in text
