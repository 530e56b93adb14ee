"""Arguments are those of C's main, whatever a preloaded library does, and where /proc is not mounted."""

import os
import subprocess

import pytest

from commands import BINARY, GROUPS

WITHOUT_PROC = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]

def run(*arguments, wrapper=(), **environment):
    return subprocess.run(
        [*wrapper, BINARY, *arguments], env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, timeout=60,
    )


def test_a_preloaded_library_that_moves_the_environment(preload, server):
    mover = preload("environment_mover")
    assert run("--version", **mover).stdout == run("--version").stdout != ""
    unknown = run("no-such-command", **mover)
    assert unknown.returncode == 64 and unknown.stdout == ""
    status = run("migrate", "status", **{**server.environment, **mover})
    assert status.returncode == 0 and "0001_people.sql" in status.stdout


def test_without_proc(server):
    """Swift's tasks do not run there, which a command says before it does anything."""
    if subprocess.run([*WITHOUT_PROC, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may not mount")
    for _ in range(20):
        assert run("--version", wrapper=WITHOUT_PROC).stdout == run("--version").stdout
        assert run("no-such-command", wrapper=WITHOUT_PROC).returncode == 64
        status = run("migrate", "status", wrapper=WITHOUT_PROC, **server.environment)
        assert (status.returncode, status.stdout) == (78, "")
        assert status.stderr == (
            "connvo-server: /proc is not mounted, and the runtime of Swift needs it: mount -t proc proc /proc\n"
        )


@pytest.mark.parametrize("words", [(), *[words for words in GROUPS if words != ("migrate",)]], ids=" ".join)
def test_no_subcommand_is_a_mistake(words):
    result = run(*words)
    assert result.returncode == 64
    assert result.stdout == ""
    assert "no command was given" in result.stderr and "SUBCOMMANDS" in result.stderr
    asked = run(*words, "--help")
    assert asked.returncode == 0
    assert asked.stderr == "" and asked.stdout in result.stderr + "\n"


def test_bytes_that_are_no_utf8_do_not_end_it(server):
    result = subprocess.run([BINARY, "report", b"\xff\xfe"], capture_output=True, timeout=60)
    assert result.returncode == 64
