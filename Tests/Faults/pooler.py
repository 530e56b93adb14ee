"""F19 and F20: what stands between the server and PostgreSQL: a name server, PgBouncer."""

import os
import signal
import socket
import threading
import time

import processes
from database import tokens_within
from processes import Failure, run as execute, wait_until
from scenario import fault

# An address of this machine for the name server: port 53 of 127.0.0.1 may be taken.
NAME_SERVER = "127.117.53.53"


class NameServer(threading.Thread):
    """Answers each question for an address of IPv4 with `address`; says nothing while it `hangs`."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((NAME_SERVER, 53))
        self.address, self.hangs, self.fails, self.questions = "127.0.0.1", False, False, 0

    def run(self):
        while True:
            try:
                data, sender = self.socket.recvfrom(4096)
            except OSError:
                return
            self.questions += 1
            if self.hangs:
                continue
            # RFC 1035, section 4: the header, the question as it came, and one answer that points to its name.
            kind = data[data.index(b"\0", 12) + 1:][:2]
            has_answer = kind == b"\0\1" and not self.fails
            flags = b"\x81\x83" if self.fails else b"\x81\x80"
            answer = data[:2] + flags + b"\0\1" + (b"\0\1" if has_answer else b"\0\0") + b"\0\0\0\0" + question(data)
            if has_answer:
                answer += b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4" + socket.inet_aton(self.address)
            self.socket.sendto(answer, sender)

    def close(self):
        self.socket.close()


def question(data):
    return data[12:data.index(b"\0", 12) + 5]


@fault("F19", "the name server hangs, lies and fails, and the database restarts meanwhile", needs_root=True)
def resolver(run):
    port = processes.free_port()
    cluster = run.make_cluster(start=False)
    (cluster.data / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.0/8 trust\n")
    cluster.start(listen_addresses="127.0.0.1", port=port)
    names = NameServer()
    names.start()
    run.after(names.close)
    resolv = run.folder / "resolv.conf"
    resolv.write_text(f"nameserver {NAME_SERVER}\noptions timeout:5 attempts:2\n")
    script = f'mount --bind {resolv} /etc/resolv.conf && exec "$@"'
    run.server = run.make_server(
        f"postgresql://connvo_server@db.connvo.test:{port}/connvo?sslmode=disable",
        prefix=["unshare", "--mount", "sh", "-c", script, "sh"])
    run.server.start()
    run.warm_up()
    run.probe()
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    for mode in ("hangs", "lies", "fails"):
        run.began(is_outage=True)
        if mode == "lies":
            names.address = "127.0.0.9"  # PostgreSQL does not listen there.
        else:
            setattr(names, mode, True)
        cluster.restart("fast")
        time.sleep(3.5)
        names.hangs = names.fails = False
        names.address = "127.0.0.1"
        run.over()
        time.sleep(4)
    load.finish()
    run.note("questions", names.questions)
    began = time.monotonic()
    names.hangs = True
    cluster.stop("fast")
    time.sleep(1)
    run.excuse(began, began + 60)
    run.server.send_signal(signal.SIGTERM)
    run.server.process.wait(30)
    run.at_most("end after SIGTERM while the name server hangs", time.monotonic() - began - 1, 25, "s")
    cluster.start()


def pgbouncer(run, cluster, **settings):
    """Debian's PgBouncer, in transaction mode, before the cluster. Returns its process and its port."""
    port = processes.free_port()
    folder = run.folder / "pgbouncer"
    folder.mkdir(exist_ok=True)
    settings = {"pool_mode": "transaction", "max_client_conn": 200, "default_pool_size": 20, **settings}
    (folder / "pgbouncer.ini").write_text("\n".join([
        "[databases]", f"connvo = host={cluster.folder} port={cluster.port} dbname=connvo user=connvo_server",
        "[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}", "unix_socket_dir =", "auth_type = any",
        f"logfile = {folder}/log", f"pidfile = {folder}/{port}.pid", "admin_users = postgres",
        "ignore_startup_parameters = extra_float_digits,options",
        *(f"{name} = {value}" for name, value in settings.items())]) + "\n")
    if cluster.user:
        os.chown(folder, cluster.user.number, cluster.user.group)
    process = processes.start("pgbouncer", "-q", folder / "pgbouncer.ini", user=cluster.user)
    run.after(lambda: processes.end(process))

    def accepts():
        if process.poll() is not None:
            raise Failure(f"PgBouncer ended: {(folder / 'log').read_text()[-500:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False

    wait_until(accepts, 10, "PgBouncer listens")
    return process, port


def through(port):
    return f"postgresql://connvo_server@127.0.0.1:{port}/connvo?sslmode=disable"


@fault("F20", "PgBouncer in transaction mode: PostgreSQL restarted behind it, then PAUSE for 3 seconds")
def behind_pgbouncer(run):
    cluster = run.make_cluster()
    # PgBouncer pauses for server_login_retry (15 s) after a failed login: docs/operations.md.
    _, port = pgbouncer(run, cluster, server_login_retry=1, default_pool_size=6)
    run.serve(through(port), DATABASE_STATEMENTS="unnamed")
    load = run.load(rate=300, connections=32)
    time.sleep(1)
    stopped, accepted = cluster.restart("fast")
    run.began(at=stopped)
    run.over(accepted)
    time.sleep(4)
    console = ["psql", "-X", "-q", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-d", "pgbouncer", "-c"]
    run.began(is_outage=True)
    paused = processes.start(*console, "PAUSE connvo")
    time.sleep(3)
    execute(*console, "RESUME connvo")
    processes.end(paused)
    run.over()
    time.sleep(4)
    load.finish()
    # Its own sessions stay in PostgreSQL, as many as default_pool_size.
    run.sessions_more = 1


@fault("F20b", "PgBouncer in transaction mode with prepared statements, the default: detected and named", quick=True)
def wrong_mode(run):
    cluster = run.make_cluster()
    _, port = pgbouncer(run, cluster)
    server = run.make_server(through(port))
    server.start(ready=False)
    load = run.load(rate=200, connections=32, is_main=False)
    began = time.monotonic()
    named = wait_until(lambda: "DATABASE_STATEMENTS" in server.obstacles(), 5)
    run.at_most("named in /readyz?verbose after", time.monotonic() - began if named else float("inf"), 2, "s")
    time.sleep(1)
    noticed = time.monotonic()
    time.sleep(3)
    load.finish()
    run.must("named in the log", "DATABASE_STATEMENTS" in server.text())
    share = tokens_within(load, noticed, float("inf"))
    is_ready = server.is_ready()
    run.must("ready with tokens for all, or not ready", is_ready == (share >= 99.9), f"{share:.1f} %, ready {is_ready}")
    run.note("tokens from then on", f"{share:.1f} %")
