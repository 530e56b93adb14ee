"""What scripts/release refuses and cuts, and what the tools say that it uses."""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

CHANGELOG = """# Changelog

## [Unreleased]

- Something that is to come.

## [0.2.0] - 2026-12-01

### Added

- The second thing.

## [0.1.0] - 2026-11-28

- The first thing.
"""


@pytest.fixture
def checkout(tmp_path):
    """A repository with what scripts/release reads before it builds, and all of it committed."""
    folder = tmp_path / "checkout"
    for name in ("scripts/release", "scripts/lib/release-build.bash", "scripts/lib/python-environment.bash"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    version = folder / "Sources/connvo-server/ServerVersion.swift"
    version.parent.mkdir(parents=True)
    version.write_text('enum ServerVersion {\n    static let current = "0.2.0"\n}\n')
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    (folder / ".gitignore").write_text(".build*/\ndist/\n")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "first"]):
        subprocess.run([*git, *arguments], cwd=folder, check=True, timeout=60)
    return folder


def release(checkout, *arguments, path=None):
    """With a `swift` that must not be reached."""
    stubs = checkout.parent / "stubs"
    stubs.mkdir(exist_ok=True)
    (stubs / "swift").write_text("#!/bin/sh\necho 'swift was called' >&2\nexit 99\n")
    (stubs / "swift").chmod(0o755)
    environment = {**os.environ, "PATH": f"{stubs}:{os.environ['PATH']}"}
    result = subprocess.run(
        [checkout / "scripts/release", *arguments], capture_output=True, text=True, timeout=60, env=environment
    )
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize(
    "version, code, reason",
    [
        ("0.3.0", 65, "the version in Sources/connvo-server/ServerVersion.swift is 0.2.0, not 0.3.0"),
        ("0.1.0", 65, "the version in Sources/connvo-server/ServerVersion.swift is 0.2.0, not 0.1.0"),
        ("v0.2.0", 64, "v0.2.0 is no version"),
        ("0.2", 64, "0.2 is no version"),
        ("0.02.0", 64, "0.02.0 is no version"),
        ("", 64, "scripts/release VERSION"),
        ("--publish", 64, "scripts/release VERSION"),
    ],
)
def test_another_version_is_refused(checkout, version, code, reason):
    result = release(checkout, version)
    assert result[0] == code
    assert reason in result[2]
    assert "swift was called" not in result[2]
    assert not (checkout / "dist").exists()


def test_a_version_without_a_part_of_the_changelog_is_refused(checkout):
    for text in (CHANGELOG.replace("## [0.2.0] - 2026-12-01", "## [0.2.0]"), CHANGELOG.replace("[0.2.0]", "[0x2.0]")):
        (checkout / "CHANGELOG.md").write_text(text)
        code, _, error = release(checkout, "0.2.0")
        assert (code, 'CHANGELOG.md has no part "## [0.2.0] - YYYY-MM-DD"' in error) == (65, True)
    (checkout / "CHANGELOG.md").write_text("## [0.2.0] - 2026-12-01\n\n## [0.1.0] - 2026-11-28\n\n- One.\n")
    code, _, error = release(checkout, "0.2.0")
    assert (code, "the part of CHANGELOG.md for 0.2.0 is empty" in error) == (65, True)


@pytest.mark.parametrize("file", ["new-file", "CHANGELOG.md"], ids=["new", "changed"])
@pytest.mark.parametrize("arguments", [["0.2.0"], ["0.2.0", "--without-tests"], ["--check-reproducible"]], ids=" ".join)
def test_a_checkout_with_changes_is_refused(checkout, file, arguments):
    with (checkout / file).open("a") as opened:
        opened.write("\n")
    code, _, error = release(checkout, *arguments)
    assert code == 65
    assert "changes that are not committed" in error and file in error
    assert "swift was called" not in error


def test_a_build_that_fails_leaves_what_was_released_before(checkout):
    before = checkout / "dist/SHA256SUMS"
    before.parent.mkdir()
    before.write_text("before\n")
    code, _, error = release(checkout, "0.2.0", "--without-tests")
    assert code != 0
    assert "NO SUITE WILL BE RUN" in error
    assert before.read_text() == "before\n"


def test_only_one_release_is_made_at_a_time(checkout):
    lock = checkout / ".build-release/lock"
    lock.parent.mkdir()
    with subprocess.Popen(["flock", lock, "sh", "-c", "echo held; read line"], stdin=-1, stdout=-1, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        code, _, error = release(checkout, "0.2.0")
        holder.communicate("\n")
    assert (code, "another scripts/release runs" in error) == (75, True)


def test_release_notes_are_the_part_of_the_changelog(checkout):
    assert release(checkout, "--notes", "0.2.0")[:2] == (0, "### Added\n\n- The second thing.\n")
    assert release(checkout, "--notes", "0.1.0")[:2] == (0, "- The first thing.\n")
    assert release(checkout, "--notes", "0.3.0")[0] == 65
    # The dot is no wildcard, and no beginning of a version is a version.
    assert release(checkout, "--notes", "0.1")[0] == 65


def test_the_version_in_the_source_has_its_part_of_the_changelog():
    """And what is to be released next stays on top, so that new lines have a place."""
    command = [os.environ["CONNVO_BINARY"], "--version"]
    version = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split(" ")[0]
    notes = subprocess.run([ROOT / "scripts/release", "--notes", version], capture_output=True, text=True, timeout=60)
    assert notes.returncode == 0 and notes.stdout.startswith("### "), notes.stderr
    headings = [line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## ")]
    assert headings[0] == "## [Unreleased]"
    assert headings[1].startswith(f"## [{version}] - ")


# MARK: The tools


def test_what_names_another_version_is_named(tmp_path):
    """In a copy of what scripts/check-version reads."""
    check = ROOT / "scripts/check-version"
    for pattern in ("Sources/connvo-server/ServerVersion.swift", "*.md", "openapi.yaml", "share/man/*", "deploy/**/*"):
        for file in ROOT.glob(pattern):
            copy = tmp_path / file.relative_to(ROOT)
            if file.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)

    def run():
        return subprocess.run([check, tmp_path], capture_output=True, text=True, timeout=60)

    assert run().returncode == 0, run().stdout
    source = tmp_path / "Sources/connvo-server/ServerVersion.swift"
    source.write_text('enum ServerVersion {\n    static let current = "0.0.1"\n}\n')
    result = run()
    assert result.returncode == 1
    for file in ("CHANGELOG.md", "openapi.yaml", "share/man/connvo-server-seed.1", "deploy/Dockerfile", "deploy/compose.yaml"):
        assert re.search(f"^{file}:[0-9]+: [0-9.]+, and", result.stdout, re.MULTILINE), result.stdout
    (tmp_path / "CHANGELOG.md").unlink()
    assert "CHANGELOG.md: there is no such file" in run().stdout


def test_differences_of_binaries_are_named_by_section_and_range(tmp_path):
    compare = ROOT / "scripts/lib/compare-binaries"

    def run(one, other):
        return subprocess.run([compare, one, other], capture_output=True, text=True, timeout=60)

    one, other = pathlib.Path("/bin/true"), tmp_path / "other"
    shutil.copy(one, other)
    assert run(one, other).returncode == 0
    sections = subprocess.run(["readelf", "-SW", one], capture_output=True, text=True, check=True, timeout=60).stdout
    line = next(line for line in sections.splitlines() if " .rodata " in line)
    offset = int(line.split(".rodata")[1].split()[2], 16) + 16
    content = bytearray(other.read_bytes())
    content[offset] ^= 1
    other.write_bytes(content)
    result = run(one, other)
    assert result.returncode == 1
    assert "section .rodata: 1 ranges with 1 bytes" in result.stdout
    assert f"{offset:#x} to {offset + 1:#x}" in result.stdout
    other.write_bytes(content + b"more")
    assert f"{other} has {len(content) + 4}" in run(one, other).stdout

    archives = tmp_path / "one.deb", tmp_path / "other.deb"
    archives[0].write_bytes(b"!<arch>\ndebian-binary 1")
    archives[1].write_bytes(b"!<arch>\ndebian-binary 2")
    result = run(*archives)
    assert (result.returncode, result.stderr) == (1, "")
    assert "section of the file: 1 ranges with 1 bytes" in result.stdout


@pytest.fixture(scope="module")
def sbom():
    """Of the debug build, whose list of object files is there; none where only a binary is given."""
    build = ROOT / ".build/debug"
    if not (build / "connvo-server").exists():
        pytest.skip("there is no debug build")
    command = [ROOT / "scripts/sbom", build / "connvo-server", build, ROOT]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795824000"}
    # Each run asks SwiftPM for 24 manifests, which takes some seconds.
    runs = 2 if os.environ.get("CONNVO_TESTS_FULL") else 1
    results = [subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment) for _ in range(runs)]
    assert results[0].returncode == 0, results[0].stderr
    assert results[0].stdout == results[-1].stdout
    return json.loads(results[0].stdout)


def by_name(sbom):
    return {component["name"]: component for component in sbom["components"]}


def check(tmp_path, sbom):
    file = tmp_path / "sbom.json"
    file.write_text(json.dumps(sbom))
    result = subprocess.run(
        [sys.executable, ROOT / "scripts/lib/check-sbom", file], capture_output=True, text=True, timeout=120
    )
    return result.returncode, result.stdout + result.stderr


def test_the_sbom_names_what_is_linked(sbom, tmp_path):
    assert check(tmp_path, sbom) == (0, "")
    assert sbom["metadata"]["timestamp"] == "2026-11-28T00:00:00Z"
    components = by_name(sbom)
    locked = [line.split(" ") for line in (ROOT / "dependencies.lock").read_text().splitlines() if line[0] != "#"]
    for name, version, revision, _ in locked:
        assert components[name]["version"] == version
        assert components[name]["licenses"]
        assert revision in components[name]["externalReferences"][0]["comment"]
    assert components["swift-nio"]["scope"] == "required"
    assert components["swift-crypto"]["scope"] == "excluded"
    installed = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${Version}", "libpq5"], capture_output=True, text=True, check=True, timeout=60
    )
    assert components["libpq5"]["version"] == installed.stdout
    assert {"name": "connvo:linked", "value": "directly"} in components["libpq5"]["properties"]
    assert {"name": "connvo:linked", "value": "by another library"} in components["libldap-2.5-0"]["properties"]
    uses = {entry["ref"]: entry["dependsOn"] for entry in sbom["dependencies"]}
    assert "deb:libssl3" in uses["deb:libpq5"]
    assert "swift:swift-nio" in uses["connvo-server"] and "deb:libpq5" in uses["connvo-server"]


@pytest.mark.parametrize(
    "fault, expected",
    [
        (lambda sbom: sbom.update(bomFormat="Other"), "not CycloneDX 1.6"),
        (lambda sbom: sbom.update(extra=1), "not CycloneDX 1.6"),
        (lambda sbom: by_name(sbom)["libpq5"].pop("version"), "deb:libpq5 has no version"),
        (lambda sbom: by_name(sbom)["libpq5"].update({"name": "libother"}), "libpq5 is missing"),
        (lambda sbom: sbom["dependencies"][0]["dependsOn"].append("deb:nothing"), "deb:nothing is in the dependencies"),
        (lambda sbom: sbom["metadata"]["component"].pop("purl"), "connvo-server has no purl"),
    ],
)
def test_faults_of_an_sbom_are_found(sbom, tmp_path, fault, expected):
    broken = json.loads(json.dumps(sbom))
    fault(broken)
    code, output = check(tmp_path, broken)
    assert code == 1
    assert expected in output
