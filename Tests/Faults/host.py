"""F32 to F36: the process itself, its clock, its memory, its processor and its log."""

import contextlib
import fcntl
import os
import signal
import subprocess
import time

import clients
import processes
from edge import together
from processes import Failure, wait_until
from scenario import fault


@fault("F32", "SIGTERM under load, four times; a second SIGTERM", quick=True)
def stops(run):
    run.serve()
    server, lost, longest = run.server, 0, 0
    for number in range(4):
        if number:
            server.start()
        load = run.load(rate=400, connections=32, is_main=False)
        time.sleep(1)
        began = time.monotonic()
        run.excuse(began, began + 60)
        server.send_signal(signal.SIGTERM)
        wait_until(lambda: server.get("/readyz")[0] != 200, 2, "not ready after SIGTERM")
        code = server.process.wait(30)
        longest = max(longest, time.monotonic() - began)
        load.finish()
        lost += sum(not request.is_token for request in load.requests)
        if code != 0:
            run.must("exit code 0", False, str(code))
    run.none_of("requests of keep-alive clients lost in four stops", lost)
    run.at_most("end after SIGTERM", longest, 25, "s")
    server.start()
    run.none_of("requests lost that had come when the listeners closed", lost_at_the_end(run))
    server.start()
    with clients.connect(server.port) as connection:
        # A request in progress would be waited for.
        connection.sendall(b"POST /api/action HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n")
        server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        again = time.monotonic()
        server.send_signal(signal.SIGTERM)
        code = server.process.wait(10)
        run.at_most("end after a second SIGTERM", time.monotonic() - again, 0.5, "s")
        run.must("exit code 143", code in (143, -15), str(code))
    processes.end(run.prober, signal.SIGTERM)


def lost_at_the_end(run):
    """The server stands still from before its listeners close until after: requests come on idle and on new connections."""
    server, bearers = run.server, clients.bearers(run.folder)
    with contextlib.ExitStack() as open_connections:
        def connect(count):
            return [open_connections.enter_context(clients.connect(server.port)) for _ in range(count)]

        connections = connect(8)
        for line, connection in enumerate(connections):
            connection.sendall(clients.request(line, bearers[line]))
            clients.response(connection)
        server.send_signal(signal.SIGTERM)
        time.sleep(2.6)
        server.send_signal(signal.SIGSTOP)
        try:
            connections += connect(16)
            for line, connection in enumerate(connections):
                connection.sendall(clients.request(line, bearers[line]))
            time.sleep(0.8)
        finally:
            server.send_signal(signal.SIGCONT)
        answered = [clients.response(connection)[0] for connection in connections]
    run.unseen += len(connections) + 8
    server.process.wait(30)
    return sum(status != 200 for status in answered)


@fault("F33", "SIGKILL ten times at random moments; SIGSTOP for 5 seconds", quick=True)
def kills(run):
    run.make_cluster()
    server = run.make_server(HTTP_PORT=processes.free_port())
    server.start()
    load = run.load(rate=400, connections=32)
    slowest = 0
    for _ in range(10):
        time.sleep(0.3 + run.random.random())
        run.began()
        server.stop(signal.SIGKILL)
        slowest = max(slowest, server.start())
        run.over()
    run.at_most("start to ready", slowest, 1, "s")
    time.sleep(2.5)
    run.began()
    began = time.monotonic()
    server.send_signal(signal.SIGSTOP)
    time.sleep(5)
    server.send_signal(signal.SIGCONT)
    run.over()
    time.sleep(4)
    load.finish()
    # Those under way when the process was killed get no answer, one a connection and kill.
    run.may_be_silent = 10 * 32
    # A stopped process answers when it goes on.
    stopped = [r for r in load.requests if began - 1 < r.began and r.ended > began + 5 and r.began < began + 5]
    run.note("requests held by SIGSTOP", len(stopped))
    run.deadline = 5.25 + 5


@fault("F34", "the clock 10 seconds, one hour ahead and one hour behind (libfaketime)")
def clocks(run):
    library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
    if not os.path.exists(library):
        raise Failure("there is no libfaketime: scripts/install-dependencies --tests")
    run.make_cluster()
    for offset, ready in (("+10", True), ("+3600", False), ("-3600", False)):
        server = run.make_server(
            name=f"server{offset}", LD_PRELOAD=library, FAKETIME=offset,
            FAKETIME_DONT_FAKE_MONOTONIC="1", DONT_FAKE_MONOTONIC="1")
        server.start(ready=False)
        time.sleep(2.5)
        status, text = server.get("/readyz?verbose")
        run.must(f"{offset} s: {'ready' if ready else 'not ready'}", (status == 200) == ready, text)
        run.must(f"{offset} s: named", "clock" in text, text)
        measured = server.metric("connvo_clock_difference_seconds")
        run.at_most(f"{offset} s: metric is off by", abs(measured - int(offset)), 1, "s")
        server.stop()


@fault("F35", "processor starved by eight busy loops; address space 8 and 24 MB above rest")
def starved(run):
    # Eight loops for each two processors: the kernel lets the server itself wait. Orchestrators wait a second.
    run.livez_limit = 1000
    run.serve()
    server = run.server
    load = run.load(rate=200, connections=24)
    time.sleep(1)
    run.began()
    began = time.monotonic()
    loops = [processes.start("sh", "-c", "while :; do :; done") for _ in range(4 * os.cpu_count())]
    run.after(lambda: [processes.end(loop) for loop in loops])
    time.sleep(6)
    for loop in loops:
        processes.end(loop)
    run.over()
    time.sleep(3)
    load.finish()
    starved = [r for r in load.requests if began + 1 < r.due < began + 5]
    run.note("tokens while starved", f"{100 * sum(r.is_token for r in starved) / max(1, len(starved)):.1f} %")

    # With one heap each megabyte of it is one more of the address space; else 64 MB are reserved for a heap at once.
    for more, heaps in ((8, {"MALLOC_ARENA_MAX": 1}), (24, {"MALLOC_ARENA_MAX": 1}), (8, {}), (24, {})):
        press(run, more, heaps)


def press(run, more, heaps):
    """Thousands of bodies that do not end take the address space up to its limit, while honest clients ask."""
    name = f"{more} MB{', one heap' if heaps else ''}"
    limited = run.make_server(name=f"server+{name.replace(' ', '')}", **heaps)
    limited.start()
    run.load("rest", 0, seconds=1, server=limited, is_main=False).finish(stop=False)
    rest = limited._status("VmSize") * 1024
    subprocess.run(["prlimit", "--pid", str(limited.process.pid), f"--as={rest + more * 2**20}"], check=True)
    pressed = run.load(f"pressed-{more}", rate=200, connections=24, server=limited, is_main=False)
    time.sleep(1)
    body = b" " * 15_000
    part = clients.request(0, None, body=b"").replace(b"Content-Length: 0", b"Content-Length: 16000") + body
    held, refused = [], 0
    for _ in range(6000):
        try:
            held.append(clients.connect(limited.port, 1))
            held[-1].sendall(part)
        except OSError:
            refused += 1
    time.sleep(0.5)
    shed = refused + sum(is_closed(connection) for connection in held)
    ready, alive = limited.get("/readyz")[0], limited.get("/livez")[0]
    time.sleep(3)
    for connection in held:
        connection.close()
    relieved = time.monotonic()
    time.sleep(3)
    pressed.finish()
    run.must(f"{name}: goes on", limited.is_running(), str(limited.process.poll()))
    after = [request for request in pressed.requests if request.due > relieved + 2]
    run.at_least(f"{name}: tokens afterwards", 100 * sum(r.is_token for r in after) / max(1, len(after)), 99.9, "%")
    if heaps:
        run.at_least(f"{name}: shed", shed, 1)
    else:
        run.note(f"{name}: shed", shed)
    refusals = sum(not r.is_token for r in pressed.requests)
    run.note(f"{name}", f"/readyz {ready}, /livez {alive}, 503 {refusals} of {len(pressed.requests)}")
    limited.stop()


def is_closed(connection):
    connection.setblocking(False)
    try:
        return not connection.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        return True


@fault("F36", "standard error is a pipe that is not read; a closed one from the start", quick=True)
def stalled_log(run):
    run.make_cluster()
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    server = run.make_server(LOG_LEVEL="trace")
    server.standard_error = writing
    # Its log cannot be read, so its port must be known. Its first lines are read, then no more.
    server.environment["HTTP_PORT"] = str(processes.free_port())
    server.start()
    os.set_blocking(reading, False)
    os.read(reading, 65536)
    os.close(writing)
    run.warm_up()
    run.probe()
    load = run.load(rate=400, connections=32)
    time.sleep(2)

    # Tokens have at most ten lines a second, refusals one each: these fill the pipe, and then the server's own buffer.
    def refuse(_):
        ended = time.monotonic() + 10
        while time.monotonic() < ended and not server.metric("connvo_log_lines_dropped_total"):
            for _ in range(200):
                clients.exchange(server.port, clients.request(0, "refused"))

    together(8, refuse)
    time.sleep(3)
    load.finish()
    missing = sum(not request.is_token for request in load.requests)
    run.none_of("requests without a token while the log stalls", missing)
    run.at_least("lines counted as dropped", server.metric("connvo_log_lines_dropped_total"), 1)
    os.close(reading)
    time.sleep(1)
    run.must("goes on when the pipe is closed", server.is_running() and server.is_alive())

    closed, broken = os.pipe()
    os.close(closed)
    second = run.make_server(name="server-closed", HTTP_PORT=processes.free_port())
    second.standard_error = broken
    second.start()
    os.close(broken)
    time.sleep(1)
    run.must("starts and serves with a closed pipe", second.is_running() and second.is_ready())
    second.stop()
