"""Builds the benchmark's peer in Rust (bench/rust-peer), from Debian's packages of its crates."""

import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCE = CHECKOUT / "bench/rust-peer"
BUILD = CHECKOUT / ".build-bench/rust-peer"
PROGRAM = BUILD / "target/release/rust-peer"
# The digest of the sources that the program was built from.
LABEL = BUILD / "digest"
# Where Debian's packages have the crates. Nothing is fetched.
CRATES = ["--config", 'source.crates-io.replace-with="debian"', "--config", 'source.debian.directory="/usr/share/cargo/registry"']


def _digest():
    files = sorted(path for path in SOURCE.rglob("*") if path.is_file())
    return sha256(b"\0".join(str(path.relative_to(SOURCE)).encode() + b"\0" + path.read_bytes() for path in files)).hexdigest()


def is_built():
    return PROGRAM.exists() and LABEL.exists() and LABEL.read_text() == _digest()


def build():
    """Builds the program unless that is done. Returns why it cannot be built, and None when it is built."""
    if is_built():
        return None
    print("bench: building the Rust peer, which takes about two minutes", file=sys.stderr, flush=True)
    LABEL.unlink(missing_ok=True)
    BUILD.mkdir(parents=True, exist_ok=True)
    log = BUILD / "log"
    try:
        with open(log, "w") as output:
            install = [CHECKOUT / "scripts/install-dependencies", "--bench"]
            if subprocess.run(install, stdout=output, stderr=output, timeout=1800).returncode != 0:
                return f"its packages cannot be installed ({log})"
            if not shutil.which("cargo"):
                return "there is no cargo in PATH"
            # In a copy: cargo writes Cargo.lock beside Cargo.toml.
            shutil.rmtree(BUILD / "source", ignore_errors=True)
            shutil.copytree(SOURCE, BUILD / "source")
            cargo = ["cargo", *CRATES, "build", "--release", "--offline", "--quiet", "--target-dir", BUILD / "target"]
            if subprocess.run(cargo, cwd=BUILD / "source", stdout=output, stderr=output, timeout=1800).returncode != 0:
                return f"cargo cannot build it ({log})"
    except subprocess.TimeoutExpired:
        return f"half an hour was not enough to build it ({log})"
    LABEL.write_text(_digest())
    return None
