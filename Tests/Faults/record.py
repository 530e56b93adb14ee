"""Writes the tables of docs/resilience.md and of docs/failover.md from runs. What stands outside the markers stays."""

import os
import re
import subprocess
import time

from processes import ROOT, run
from scenario import FAULTS

PAGE = ROOT / "docs/resilience.md"
BEGIN, END = "<!-- The table is written by scripts/faults --record. -->", "<!-- End of the table. -->"


def machine():
    """What the figures depend on: processor, cores, memory, PostgreSQL."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), os.uname().machine)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    postgres = run(run(ROOT / "scripts/postgres-bin").strip() + "/postgres", "--version").split()[2]
    return f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, PostgreSQL {postgres}"


def commit():
    result = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return result.stdout.strip() or "unknown"


def cell(texts):
    return "<br>".join(text.replace("|", "\\|") for text in texts)


def row(outcome, *notes):
    shown = [each for each in outcome.measurements if each.is_main or not each.holds]
    bounds = [each.name if each.is_fact else f"{each.name} {each.bound}" for each in shown]
    measured = [each.measured if each.holds else f"**{each.measured}**" for each in shown]
    notes = [*(f"{name}: {value}" for name, value in outcome.notes.items()), *notes]
    word = {"ok": "held", "FAILED": "**missed**", "skipped": "skipped"}[outcome.word]
    if outcome.error or outcome.skipped:
        notes.append(outcome.error or outcome.skipped)
    return f"| {outcome.fault.id} | {outcome.fault.title} | {cell(bounds)} | {cell(measured)} | {word} | {cell(notes)} |"


def today():
    return time.strftime("%Y-%m-%d", time.gmtime())


def inside(page, begin, end):
    """What stands between two lines."""
    _, found, rest = page.read_text().partition(begin + "\n")
    if not found or end not in rest:
        raise SystemExit(f"faults: {page} lacks its two markers")
    return rest.partition(end)[0]


def replace(page, begin, end, lines):
    inside(page, begin, end)
    before, _, rest = page.read_text().partition(begin + "\n")
    page.write_text(before + "\n".join([begin, "", *lines, "", ""]) + rest[rest.index(end):])


def write(outcomes, binary, is_whole):
    """The table of a whole run keeps rows that such a run does not have; a run of some faults replaces their rows, and
    each of these says its date and commit."""
    table = inside(PAGE, BEGIN, END)
    head = next((line for line in table.splitlines() if " held; " in line), "")
    rows = {line.split("|")[1].strip(): line for line in table.splitlines() if re.match(r"\| F\d", line)}
    if is_whole:
        rows = {id: line for id, line in rows.items() if id in FAULTS and FAULTS[id].is_long}
        head = f"{today()}, commit {commit()}, connvo-server {run(binary, '--version').strip()}, {machine()}."
    own = [] if is_whole else [f"{today()}, commit {commit()}"]
    rows |= {outcome.fault.id: row(outcome, *own) for outcome in outcomes}
    held = sum(line.split("|")[-3].strip() == "held" for line in rows.values())
    counted = f"{held} of {len(rows)} held; I1 to I8 after each, and where one did not hold it stands in the row."
    replace(PAGE, BEGIN, END, [
        re.sub(r" \d+ of \d+ held; .*", "", head) + " " + counted, "",
        "| | fault | bound | measured | | |", "|---|---|---|---|---|---|", *(line for _, line in sorted(rows.items()))])
