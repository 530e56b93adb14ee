"""What scripts/run and scripts/build-release say before and while they build. A program in PATH stands for `swift`."""

import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest
from conftest import ROOT

SCRIPT = ROOT / "scripts/build-release"
PROGRESS = ROOT / "scripts/lib/build-progress.bash"


@pytest.fixture
def stubs(tmp_path):
    """Puts a program into a folder that is first in PATH; calling it with a name and its text returns the variables."""
    folder = tmp_path / "bin"
    folder.mkdir()

    def stub(**programs: str) -> dict:
        for name, text in programs.items():
            path = folder / name.replace("_", "-")
            path.write_text(f"#!/bin/bash\n{text}\n")
            path.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if name != "CONNVO_BINARY"}
        return {**kept, "PATH": f"{folder}:{kept['PATH']}", "GATE": str(tmp_path / "gate")}

    os.mkfifo(tmp_path / "gate")
    return stub


def open_gate(environment: dict) -> None:
    """Lets a stub go on that reads from $GATE."""
    with open(environment["GATE"], "w"):
        pass


def read_until(descriptor: int, pattern: str) -> str:
    """What comes from the descriptor, until the pattern is found in it."""
    text, deadline = "", time.monotonic() + 60
    while not re.search(pattern, text):
        ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"{pattern} never came: {text!r}"
        read = os.read(descriptor, 65536)
        assert read, f"{pattern} never came: {text!r}"
        text += read.decode()
    return text


SWIFT = """
case " $* " in *' --show-bin-path '*) echo /the/folder; exit ;; esac
echo 'Building for production...'
read -r <"$GATE"
echo '[3/9] Compiling Something.swift'
echo '/sources/File.swift:3:4: error: wrong'
exit ${CODE:-0}
"""


@pytest.mark.parametrize("code", [0, 7])
def test_a_build_says_how_long_it_takes_before_it_builds(stubs, code):
    environment = {**stubs(swift=SWIFT), "CODE": str(code)}
    process = subprocess.Popen([SCRIPT], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # The compiler has not gone on yet.
    said = read_until(process.stderr.fileno(), "\n")
    assert re.match(r"build: building the release binary: .*(about \d+ min .*\d+ processor|some seconds)", said)
    open_gate(environment)
    output, rest = process.communicate(timeout=60)
    assert process.returncode == code
    assert output == ("/the/folder/connvo-server\n" if code == 0 else "")
    # Errors are passed on, as they are; what SwiftPM says of itself is not.
    assert "/sources/File.swift:3:4: error: wrong\n" in rest and "Building for production" not in said + rest
    assert ("built in " in rest) == (code == 0)


def test_a_binary_that_is_named_is_taken_and_one_that_is_no_program_refused(stubs, tmp_path):
    environment = stubs(swift="echo built; exit 1")

    def chosen(path):
        result = subprocess.run([SCRIPT], env={**environment, "CONNVO_BINARY": str(path)}, capture_output=True,
                                text=True, timeout=60)
        return result.returncode, result.stdout, result.stderr

    program = tmp_path / "program"
    program.write_text("")
    for wrong in (program, tmp_path / "nowhere", tmp_path):
        assert chosen(wrong) == (69, "", f"build: CONNVO_BINARY={wrong} is no program\n")
    program.chmod(0o755)
    assert chosen(program) == (0, f"{program}\n", "")


def show(seconds: int, terminal: bool):
    """Starts show_progress; its process, and the descriptor of its standard error."""
    program = f'source "{PROGRESS}"; say() {{ echo "say: $*" >&2; }}; show_progress {seconds}'
    reading, writing = pty.openpty() if terminal else os.pipe()
    process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", program], stdin=subprocess.PIPE, stderr=writing,
                               text=True, bufsize=0)
    os.close(writing)
    return process, reading


def put(process, text: str) -> None:
    process.stdin.write(text)
    process.stdin.flush()


def test_a_file_gets_a_plain_line_at_each_interval():
    process, errors = show(0, terminal=False)
    for line, counter in (("[0/1] Planning build", r"\[0/1\]"), ("[312/521] Compiling X.swift", r"\[312/521\]")):
        put(process, line + "\n")
        text = read_until(errors, rf"say: {counter} \d+:\d\d\n")
        assert "\r" not in text and "\x1b" not in text and "Compiling" not in text
    process.stdin.close()
    assert process.wait(60) == 0


def test_between_two_intervals_nothing_is_said_but_the_rest_is_passed_on():
    process, errors = show(3600, terminal=False)
    put(process, "[1/2] Compiling X.swift\n[2/2] Compiling Y.swift\nwarning: it is so\nwithout an end")
    process.stdin.close()
    assert process.wait(60) == 0
    assert read_until(errors, "end\n") == "warning: it is so\nwithout an end\n"


def test_a_terminal_has_one_line_that_is_written_again():
    process, errors = show(3600, terminal=True)
    put(process, "[1/521] Compiling X.swift\n")
    text = read_until(errors, r"\r\x1b\[K\[1/521\] 0:0\d")
    # The clock goes on while the compiler is silent.
    before = re.findall(r"0:\d\d", text)[-1]
    while re.findall(r"0:\d\d", text)[-1] == before:
        text += read_until(errors, r"\d:\d\d")
    put(process, "[312/521] Compiling Y.swift\n")
    text += read_until(errors, r"\r\x1b\[K\[312/521\] \d:\d\d")
    assert "\n" not in text and "Compiling" not in text
    # What is no progress has a line of its own, and the line of the progress comes again below.
    put(process, "error: wrong\n")
    assert re.search(r"\r\x1b\[Kerror: wrong\r\n\r\x1b\[K\[312/521\] ", read_until(errors, r"wrong\r\n.*312/521"))
    process.stdin.close()
    assert process.wait(60) == 0


def test_run_says_what_it_does_and_how_long_it_takes_before_anything_else(stubs):
    environment = stubs(dpkg_query='read -r <"$GATE"; exit 1', apt_get="exit 1", sudo="exit 1")
    process = subprocess.Popen([ROOT / "scripts/run", "--smoke"], env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        # The first look for a package has not ended yet.
        said = read_until(process.stderr.fileno(), r"this takes .*\n")
    except AssertionError:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    assert re.match(
        r"run: installs missing packages, builds the server, starts a PostgreSQL with demo data, then the server\n"
        r"run: this takes (at most )?(about \d+ min .*\d+ processor|some seconds)", said)
    # Every look-up gets its end; then apt-get fails, and so does the script.
    while process.poll() is None:
        try:
            os.close(os.open(environment["GATE"], os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            time.sleep(0.01)
    assert process.returncode != 0


def test_every_script_builds_the_release_with_the_one_script():
    """An own `swift build -c release` says nothing of how long it takes."""
    found = set()
    for folder in ("scripts", "bench", "Tests/Drill", "Tests/Faults"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in ("", ".py", ".bash") and "--static-swift-stdlib" in path.read_text():
                found.add(str(path.relative_to(ROOT)))
    # A release and servers that are broken on purpose have flags of their own.
    assert found <= {"scripts/build-release", "scripts/lib/release-build.bash", "Tests/Faults/broken/run"}
