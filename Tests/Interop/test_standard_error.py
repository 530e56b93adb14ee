"""A standard error that takes nothing, or that is gone, stops no request."""

import fcntl
import os
import signal
import subprocess
import time

from conftest import Server, free_port


def full_pipe():
    """A pipe into which not one byte more can be written."""
    read_end, write_end = os.pipe()
    fcntl.fcntl(write_end, fcntl.F_SETFL, os.O_NONBLOCK)
    try:
        while True:
            os.write(write_end, b"x" * 4096)
    except BlockingIOError:
        pass
    try:
        while True:
            os.write(write_end, b"x")
    except BlockingIOError:
        pass
    fcntl.fcntl(write_end, fcntl.F_SETFL, 0)
    return read_end, write_end


def serves(server, error_output):
    """Starts the server with this standard error; it must answer, log refusals meanwhile, and end when asked to."""
    server.port = free_port()
    environment = server.environment | {"HTTP_PORT": str(server.port)}
    process = subprocess.Popen(
        [os.environ["CONNVO_BINARY"], "serve"], env=environment, cwd=server.folder, stderr=error_output
    )
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, f"ended with {process.returncode}"
            assert time.monotonic() < deadline, "it never answered"
            try:
                if server.get("/readyz")[0] == 200:
                    break
            except OSError:
                time.sleep(0.05)
        for _ in range(100):
            assert server.call("x")[0] == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_a_standard_error_that_is_not_read(server):
    read_end, write_end = full_pipe()
    try:
        serves(Server(server.folder, server.database), write_end)
    finally:
        os.close(read_end)
        os.close(write_end)


def test_a_standard_error_whose_reader_is_gone(server):
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        serves(Server(server.folder, server.database), write_end)
    finally:
        os.close(write_end)
