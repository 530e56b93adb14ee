"""The committed signature vectors are what their script makes, byte for byte."""

import subprocess
import sys

from conftest import ROOT


def test_the_vectors_are_what_their_script_makes():
    result = subprocess.run(
        [sys.executable, ROOT / "Tests/Vectors/generate.py", "--check"], capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
