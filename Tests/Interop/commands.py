"""The commands of the program as its own help lists them, and ways to run them with other standard streams."""

import json
import os
import signal
import subprocess
import time

BINARY = os.environ["CONNVO_BINARY"]


def tree() -> dict:
    """What --experimental-dump-help of ArgumentParser says of the whole command line."""
    output = subprocess.run([BINARY, "--experimental-dump-help"], capture_output=True, check=True, timeout=60).stdout
    return json.loads(output)["command"]


def walk(command: dict, path: tuple = ()):
    """Every command below, as a pair of its words and whether it has commands of its own."""
    for child in command.get("subcommands", []):
        words = (*path, child["commandName"])
        yield words, bool(child.get("subcommands"))
        yield from walk(child, words)


ALL = sorted(set(walk(tree())))
LEAVES = [words for words, is_group in ALL if not is_group]
GROUPS = [words for words, is_group in ALL if is_group]


def run(arguments, environment, folder, output=subprocess.PIPE, closed=False, input="", wrapper=()):
    """Runs a command to its end.

    output: where standard output goes; closed: whether it is closed instead.
    """
    return subprocess.run(
        [*wrapper, BINARY, *arguments], env=environment, cwd=folder, input=input, text=True, timeout=120,
        stdout=None if closed else output, stderr=subprocess.PIPE,
        preexec_fn=(lambda: os.close(1)) if closed else None,
    )


def start(arguments, environment, folder, wrapper=(), **options):
    def attend_to_hangups():
        # A shell that ignores SIGHUP, as under nohup, would make the command ignore it, too.
        signal.signal(signal.SIGHUP, signal.SIG_DFL)

    options.setdefault("preexec_fn", attend_to_hangups)
    return subprocess.Popen(
        [*wrapper, BINARY, *arguments], env=environment, cwd=folder, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options,
    )


def until(condition, process=None):
    """Waits for the condition, and fails when the process ends before."""
    deadline = time.monotonic() + 60
    while not condition():
        assert process is None or process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
