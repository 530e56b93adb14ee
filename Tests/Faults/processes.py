"""Processes of the suite: each ends with it, and each is ended by its id."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
BUILD = ROOT / ".build-bench"


class Failure(Exception):
    """The suite could not do what the scenario needs; nothing is said about the server."""


def run(*command, timeout=120, **keywords):
    """Runs a command to its end and returns what it printed; fails when it does."""
    result = subprocess.run(
        [str(word) for word in command], timeout=timeout, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        **keywords)
    if result.returncode != 0:
        raise Failure(f"{command[0]} ended with {result.returncode}: {result.stderr[-2000:]}")
    return result.stdout


def start(*command, user=None, death="KILL", prefix=(), **keywords):
    """Starts a process, as another user when one is given. It gets the signal `death` when the suite ends, however
    the suite ends. To be called by the main thread: the kernel watches the thread that started the process."""
    become = ["--reuid", user.name, "--regid", str(user.group), "--clear-groups"] if user else []
    keywords.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(
        [*prefix, "setpriv", *become, "--pdeathsig", death, "--", *(str(word) for word in command)], **keywords)


def end(process, number=signal.SIGKILL, seconds=30):
    """Ends a process that was started here, and waits for it."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait(10)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(holds, seconds, what=None, pause=0.02):
    """The first true value of `holds()`. After `seconds`: None, or a failure when `what` says what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = holds()
        if value:
            return value
        if time.monotonic() > deadline:
            if what:
                raise Failure(f"not within {seconds} s: {what}")
            return None
        time.sleep(pause)


def is_root():
    return os.geteuid() == 0
