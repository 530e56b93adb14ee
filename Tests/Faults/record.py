"""Writes the table of docs/resilience.md from a run of all faults. What stands outside the two markers stays."""

import os
import subprocess
import time

from processes import ROOT, run

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


def row(outcome):
    shown = [each for each in outcome.measurements if each.is_main or not each.holds]
    bounds = [each.name if each.is_fact else f"{each.name} {each.bound}" for each in shown]
    measured = [each.measured if each.holds else f"**{each.measured}**" for each in shown]
    notes = [f"{name}: {value}" for name, value in outcome.notes.items()]
    word = {"ok": "held", "FAILED": "**missed**", "skipped": "skipped"}[outcome.word]
    if outcome.error or outcome.skipped:
        notes.append(outcome.error or outcome.skipped)
    return f"| {outcome.fault.id} | {outcome.fault.title} | {cell(bounds)} | {cell(measured)} | {word} | {cell(notes)} |"


def write(outcomes, binary):
    version = run(binary, "--version").strip()
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or END not in rest:
        raise SystemExit(f"faults: {PAGE} lacks its two markers")
    lines = [
        BEGIN, "", f"{time.strftime('%Y-%m-%d', time.gmtime())}, commit {commit()}, connvo-server {version}, {machine()}. "
        f"{sum(outcome.word == 'ok' for outcome in outcomes)} of {len(outcomes)} held; I1 to I8 after each, and where one "
        "did not hold it stands in the row.", "",
        "| | fault | bound | measured | | |", "|---|---|---|---|---|---|", *map(row, outcomes), "", END]
    PAGE.write_text(before + "\n".join(lines) + after)
