"""The shell completions and the manual page that are committed."""

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


def test_the_manual_page_is_well_formed_and_names_every_command():
    result = run("groff", "-man", "-Tascii", "-ww", "-P-cbou", ROOT / "share/man/connvo-server.1")
    assert result.returncode == 0 and result.stderr == ""
    for command in ["serve", "migrate verify", "token inspect", "EXIT STATUS"]:
        assert command in result.stdout
