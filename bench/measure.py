"""CPU time and memory that processes have used, from /proc."""

import os

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def _stat(pid):
    """The fields of /proc/PID/stat from the third on, or None when the process has ended."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def family(pid):
    """The process and all that descend from it."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(name)):
            children.setdefault(int(stat[1]), []).append(int(name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def cpu_seconds(pid):
    """User and system time of a process and all its descendants, those included that have ended.

    What a child used is added to its parent's cutime and cstime when the parent waits for it, so nothing is lost when a
    backend of PostgreSQL exits between two readings. The resolution is one tick, as a rule 10 ms.
    """
    ticks = 0
    for member in reversed(family(pid)):
        if stat := _stat(member):
            ticks += sum(int(field) for field in stat[11:15])  # utime, stime, cutime, cstime
    return ticks / TICKS_A_SECOND


def memory_mb(pid):
    """Resident memory of a process and its descendants: now, and the sum of what each had at most."""
    totals = {"VmRSS": 0, "VmHWM": 0}
    for member in family(pid):
        try:
            with open(f"/proc/{member}/status") as file:
                for line in file:
                    name, _, value = line.partition(":")
                    if name in totals:
                        totals[name] += int(value.split()[0])
        except (FileNotFoundError, ProcessLookupError):
            pass
    return totals["VmRSS"] / 1024, totals["VmHWM"] / 1024
