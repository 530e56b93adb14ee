"""Builds the package, and what is seen without installing it."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess

from checks import check, finish

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What packaging/deb/build reads.
SOURCES = [
    "README.md",
    "CHANGELOG.md",
    "SECURITY.md",
    "openapi.yaml",
    ".env.example",
    "deploy",
    "docs",
    "share",
    "sql/seed",
    "packaging",
    "examples",
]


def source(work: pathlib.Path, name: str, changes=()) -> pathlib.Path:
    """A copy of what the package is made of, with CHANGES in it: file, old text, new text."""
    copy = work / name
    for path in SOURCES:
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, copy / path)
        elif (ROOT / path).exists():
            (copy / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, copy / path)
    for file, old, new in changes:
        text = (copy / file).read_text()
        if old not in text:
            raise SystemExit(f"packages: {file} has no {old!r}")
        (copy / file).write_text(text.replace(old, new, 1))
    return copy


def build(tree, binary, version, folder, *options, **environment) -> pathlib.Path:
    environment = {"SOURCE_DATE_EPOCH": "1795000000"} | environment
    result = subprocess.run(
        [tree / "packaging/deb/build", *options, binary, version, folder],
        text=True,
        timeout=300,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | environment,
    )
    if not check(f"the package {version} is built", result.returncode == 0, result.stderr):
        raise SystemExit(finish())
    return pathlib.Path(result.stdout.strip())


def stand_in(work: pathlib.Path) -> pathlib.Path:
    """A program that is linked with the server's libraries and hardened as the server is."""
    program = work / "stand-in"
    flags = ["-O2", "-fPIE", "-pie", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now"]
    text = """#include <stdio.h>
        extern int PQlibVersion(void); extern unsigned long OpenSSL_version_num(void);
        int main(int count, char **words) { char line[64];
            snprintf(line, sizeof line, "%s %d %lu", words[count - 1], PQlibVersion(), OpenSSL_version_num());
            return puts(line) < 0; }"""
    compiler = next(filter(shutil.which, ["cc", "gcc", "clang"]))
    command = [compiler, *flags, "-x", "c", "-", "-o", program, "-Wl,--no-as-needed", "-l:libpq.so.5", "-lcrypto"]
    subprocess.run(command, input=text, text=True, check=True)
    return program


def lint(package):
    result = subprocess.run(
        ["lintian", "--fail-on", "error,warning", "--allow-root", package],
        text=True,
        timeout=300,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    check("lintian finds neither errors nor warnings", result.returncode == 0 and not result.stdout, result.stdout)


def copyrights():
    """The licences of what the binary contains go with it."""
    text = (ROOT / "packaging/deb/debian/copyright").read_text()
    named = set(re.findall(r"^ ([a-z0-9-]+)$", text, re.M))
    locked = [line.split()[0] for line in (ROOT / "dependencies.lock").read_text().splitlines() if line[:1] != "#"]
    missing = [name for name in locked if name not in named]
    check("debian/copyright names every package that the binary contains", locked and not missing, missing)
    if (ROOT / ".build/checkouts").is_dir():
        result = subprocess.run(
            [ROOT / "packaging/deb/notices", "--check"],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        check("debian/NOTICE has the notices of these packages", result.returncode == 0, result.stdout)


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def same_bytes(tree, binary, work):
    """Another folder, another mask of modes, another user where there is one, another zone, and more processors."""
    first = build(tree, binary, "0.1.0", work / "first")
    other = work / "other/deeper/tree"
    shutil.copytree(tree, other)
    for folder, folders, files in os.walk(work / "other"):
        for name in folders + files:
            path = pathlib.Path(folder, name)
            os.chmod(path, path.stat().st_mode | 0o066)
    result = work / "second"
    result.mkdir()
    command = ["sh", "-c", 'umask 077; exec "$@"', "sh", other / "packaging/deb/build", binary, "0.1.0", result]
    if os.geteuid() == 0:
        os.chmod(result, 0o777)
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]
    environment = os.environ | {
        "SOURCE_DATE_EPOCH": "1795000000",
        "TZ": "Asia/Kathmandu",
        "HOME": "/nonexistent",
        "DEB_BUILD_OPTIONS": "parallel=7",
        "TMPDIR": "/var/tmp",
    }
    built = subprocess.run(command, env=environment, text=True, check=False, timeout=300, capture_output=True)
    if check("a package is built without root", built.returncode == 0, built.stderr):
        second = pathlib.Path(built.stdout.strip())
        check("two builds of a package have the same bytes", digest(first) == digest(second), f"{first} {second}")
    return first
