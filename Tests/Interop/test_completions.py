"""The shell completions and the manual pages that are committed."""

import shutil
import subprocess

import pytest
from conftest import ROOT

BASH = ROOT / "share/completions/connvo-server.bash"


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, capture_output=True, text=True, timeout=60)


def test_they_are_what_the_program_prints():
    result = run(ROOT / "scripts/completions", "--check")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "line, expected",
    [
        ("connvo-server mai", "maintain"),
        ("connvo-server migrate ver", "verify"),
        ("connvo-server serve --http-p", "--http-port"),
    ],
)
def test_bash_completes_commands_and_options(line, expected):
    words = line.split()
    # As readline calls it: the command, the word under the cursor and the one before are arguments.
    script = """
        source "$1"; shift
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
        _connvo-server "$1" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    result = run("bash", "-c", script, "bash", str(BASH), *words)
    assert result.stdout.split() == [expected], result.stderr


@pytest.mark.parametrize("shell, file", [("zsh", "_connvo-server"), ("fish", "connvo-server.fish")])
def test_the_other_shells_can_read_theirs(shell, file):
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell}")
    result = run(shell, "-n", ROOT / "share/completions" / file)
    assert result.returncode == 0, result.stderr


PAGES = sorted((ROOT / "share/man").glob("*.1"))


def page(name: str) -> str:
    result = run("groff", "-man", "-Tascii", "-ww", "-P-cbou", ROOT / "share/man" / f"{name}.1")
    assert result.returncode == 0 and result.stderr == ""
    return result.stdout


@pytest.mark.parametrize("file", PAGES, ids=lambda file: file.stem)
def test_a_manual_page_is_well_formed(file):
    assert "SYNOPSIS" in page(file.stem)
    result = run("mandoc", "-T", "lint", "-W", "warning", file)
    assert (result.returncode, result.stdout) == (0, "")


def test_every_command_has_a_manual_page_and_the_first_page_names_them_all():
    first = page("connvo-server")
    assert "EXIT STATUS" in first and "](" not in first
    others = [file.stem for file in PAGES if file.stem != "connvo-server"]
    assert {"connvo-server-serve", "connvo-server-migrate", "connvo-server-token"} <= set(others)
    for name in others:
        assert f"{name}(1)" in first
        assert f"{name.replace('-server-', '-server ')}" in page(name)
    for command in ["migrate verify", "migrate adopt"]:
        assert f"connvo-server {command}" in page("connvo-server-migrate")
    assert "connvo-server token inspect" in page("connvo-server-token")


def test_a_page_of_a_command_that_is_no_more_is_named():
    left = ROOT / "share/man/connvo-server-former.1"
    left.write_text("")
    try:
        result = run(ROOT / "scripts/completions", "--check")
    finally:
        left.unlink()
    assert result.returncode == 1
    assert "share/man/connvo-server-former.1" in result.stderr
