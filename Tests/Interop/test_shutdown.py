"""A shutdown ends, whatever hangs."""

import pathlib
import signal
import subprocess

from conftest import Server

SOURCE = pathlib.Path(__file__).with_name("hanging_libpq.c")


def test_a_shutdown_in_which_the_engine_never_stops_is_ended(server, tmp_path):
    library = tmp_path / "hanging.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, SOURCE], check=True, timeout=60)
    hanging = Server(
        server.folder, server.database, LD_PRELOAD=str(library), STREAM_API_SECRET=server.secret, LOG_FORMAT="json"
    )
    hanging.start()
    try:
        hanging.process.send_signal(signal.SIGTERM)
        # The limit is 25 s. Kubernetes would kill the process after 30.
        assert hanging.process.wait(29) == 1
    finally:
        hanging.stop()
    last_line = max(hanging.folder.glob("log-*"), key=lambda log: log.stat().st_mtime).read_text().splitlines()[-1]
    assert "The shutdown took too long" in last_line
