"""What scripts/check-dependencies and scripts/lock-dependencies find in a package that is wrong in one way."""

import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
REVISION = "0123456789abcdef0123456789abcdef01234567"
LOG = ("swift-log", "1.16.2", REVISION, "https://github.com/apple/swift-log")

MANIFEST = """
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "connvo-server",
    dependencies: [.package(url: "https://github.com/apple/swift-log", exact: "1.16.2")],
    targets: [
        .executableTarget(name: "connvo-server", dependencies: [.product(name: "Logging", package: "swift-log")]),
        .target(name: "Support", path: "Tests/Support"),
        .testTarget(name: "Checks", dependencies: ["Support"]),
    ]
)
""".lstrip()


@pytest.fixture
def package(tmp_path):
    """A package in which both scripts find nothing."""
    files = {
        "Package.swift": MANIFEST,
        "Sources/connvo-server/Main.swift": "import Logging\n",
        "Tests/Support/Support.swift": "",
        "Tests/Checks/Checks.swift": "import Support\n",
        "Fuzz/Package.swift": '// swift-tools-version: 6.2\nimport PackageDescription\nlet package = Package(name: "fuzz")\n',
        "Tests/Oracles/Package.swift": '// swift-tools-version: 6.2\nimport PackageDescription\nlet package = Package(name: "o")\n',
        "dependencies.lock": "# A comment\n" + " ".join(LOG) + "\n",
        "Tests/Oracles/dependencies.lock": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "scripts").mkdir()
    for script in ("check-dependencies", "lock-dependencies"):
        shutil.copy(ROOT / "scripts" / script, tmp_path / "scripts")
    return tmp_path


def run(package, script, *arguments):
    result = subprocess.run(
        [package / "scripts" / script, *arguments], capture_output=True, text=True, timeout=120, cwd=package
    )
    return result.returncode, result.stdout + result.stderr


def change(package, file, before, after):
    text = (package / file).read_text()
    assert before in text
    (package / file).write_text(text.replace(before, after))


def test_a_package_in_order_has_no_faults(package):
    assert run(package, "check-dependencies")[0] == 0
    assert run(package, "lock-dependencies", "--check") == (0, "")


EXACT = '.package(url: "https://github.com/apple/swift-log", exact: "1.16.2")'
METRICS = '.package(url: "https://github.com/apple/swift-metrics", exact: "2.13.0")'


@pytest.mark.parametrize(
    "before, after, expected",
    [
        (EXACT, f"{EXACT}, {METRICS}", "swift-metrics: no target uses the package"),
        (
            '"Support"])',
            '"Support", .product(name: "InMemoryLogging", package: "swift-metrics")])',
            "swift-metrics: only Checks use the package, and connvo-server does not",
        ),
        (
            '[.product(name: "Logging", package: "swift-log")]',
            '["Support", .product(name: "Logging", package: "swift-log")]',
            "connvo-server: contains Support, which is a target of the tests",
        ),
        (
            '[.product(name: "Logging", package: "swift-log")]',
            '[.product(name: "Logging", package: "swift-log"), .product(name: "LoggingKit", package: "swift-log")]',
            "connvo-server: names LoggingKit and imports it nowhere",
        ),
    ],
    ids=["unused", "for tests only", "a target of the tests", "imported nowhere"],
)
def test_what_the_server_does_not_need_is_a_fault(package, before, after, expected):
    change(package, "Package.swift", before, after)
    if "only Checks" in expected:
        change(package, "Package.swift", EXACT, f"{EXACT}, {METRICS}")
        change(package, "Tests/Checks/Checks.swift", "import Support", "import Support\nimport InMemoryLogging")
    code, output = run(package, "check-dependencies")
    assert code == 1
    assert expected in output


@pytest.mark.parametrize(
    "requirement, expected",
    [
        ('from: "1.16.2"', 'Package.swift: swift-log is not pinned: write exact: "1.16.2"'),
        ('branch: "main"', 'Package.swift: swift-log is not pinned: write exact: "1.16.2"'),
        ('exact: "1.16.1"', "Package.swift: swift-log is pinned at 1.16.1, and dependencies.lock has 1.16.2"),
    ],
)
def test_a_dependency_that_is_not_pinned_is_a_fault(package, requirement, expected):
    change(package, "Package.swift", 'exact: "1.16.2"', requirement)
    code, output = run(package, "lock-dependencies", "--check")
    assert code == 1
    assert expected in output


def test_a_dependency_that_is_not_locked_is_a_fault(package):
    (package / "dependencies.lock").write_text("")
    code, output = run(package, "lock-dependencies", "--check")
    assert (code, "Package.swift: swift-log is not in dependencies.lock" in output) == (1, True)


@pytest.mark.parametrize(
    "version, revision, name",
    [("1.16.3", REVISION, "swift-log"), ("1.16.2", REVISION[::-1], "swift-log"), ("1.16.2", REVISION, "swift-other")],
    ids=["another version", "the version was moved to another revision", "another package"],
)
def test_what_is_resolved_must_be_what_is_locked(package, version, revision, name):
    pin = {"identity": name, "location": f"https://github.com/apple/{name}", "state": {"version": version, "revision": revision}}
    (package / "Package.resolved").write_text(json.dumps({"pins": [pin], "version": 3}))
    code, output = run(package, "lock-dependencies", "--check")
    assert code == 1
    assert f"dependencies.lock: {name}" in output


def test_what_was_locked_is_restored_and_restoring_again_changes_nothing(package):
    (package / "Package.resolved").write_text(json.dumps({"pins": [], "version": 3}))
    assert run(package, "lock-dependencies", "--check")[0] == 1
    assert run(package, "lock-dependencies", "--restore") == (0, "")
    assert run(package, "lock-dependencies", "--check") == (0, "")
    resolved = package / "Package.resolved"
    # As SwiftPM writes it.
    change(package, "Package.resolved", "/swift-log", "/swift-log.git")
    change(package, "Package.resolved", '"version": 3', '"version": 3, "originHash": "0"')
    before = resolved.stat().st_mtime_ns
    assert run(package, "lock-dependencies", "--restore") == (0, "")
    assert run(package, "lock-dependencies", "--check") == (0, "")
    assert resolved.stat().st_mtime_ns == before


def test_what_is_resolved_is_locked_as_it_is(package):
    run(package, "lock-dependencies", "--restore")
    locked = (package / "dependencies.lock").read_text().splitlines()[1:]
    (package / "dependencies.lock").unlink()
    assert run(package, "lock-dependencies", "--check")[0] == 1
    assert run(package, "lock-dependencies") == (0, "")
    assert (package / "dependencies.lock").read_text().splitlines()[1:] == locked


@pytest.mark.parametrize("line", ["swift-log 1.16.2", f"{' '.join(LOG)}\n{' '.join(LOG)}", "swift-log  1.16.2 x y"])
def test_a_lock_that_is_not_understood_changes_nothing(package, line):
    (package / "dependencies.lock").write_text(line + "\n")
    for action in ("--check", "--restore"):
        code, output = run(package, "lock-dependencies", action)
        assert code == 1
        assert "dependencies.lock:" in output
    assert not (package / "Package.resolved").exists()
