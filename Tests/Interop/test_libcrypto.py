"""The server on a libcrypto that computes HMAC wrongly: it must use the library in the way that is right in every 3.x,
and refuse to start where no way is."""

import os
import pathlib
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).with_name("libcrypto_faults.c")


@pytest.fixture(scope="module")
def faults(tmp_path_factory):
    """A library to preload."""
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True, timeout=60)
    return library


def serve(faults, fault, folder):
    """The end of `serve` without settings: it stops there at the latest."""
    return subprocess.run(
        [os.environ["CONNVO_BINARY"], "serve"],
        env={"PATH": os.environ["PATH"], "LD_PRELOAD": str(faults), "FAULT": fault},
        cwd=folder, capture_output=True, text=True, timeout=60,
    )


def test_a_library_whose_contexts_keep_the_state_of_the_last_message_is_used_rightly(faults, tmp_path):
    ended = serve(faults, "stale-state", tmp_path)
    assert ended.returncode == 78
    assert "STREAM_API_SECRET is not set" in ended.stderr
    assert "HMAC" not in ended.stderr


def test_a_library_that_computes_a_wrong_code_is_refused_at_the_start(faults, tmp_path):
    ended = serve(faults, "wrong-code", tmp_path)
    assert ended.returncode == 78
    assert "computes HMAC-SHA256 wrongly" in ended.stderr
    assert "OpenSSL 3" in ended.stderr
