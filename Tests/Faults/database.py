"""F01 to F06, F08: PostgreSQL is away, comes back, or refuses."""

import subprocess
import time

import processes
from processes import Failure, wait_until
from scenario import fault


def tokens_within(load, began, ended):
    """Share of the requests of this time that got a token, in percent."""
    due = [request for request in load.requests if began <= request.due < ended]
    return 100 * sum(request.is_token for request in due) / max(1, len(due))


@fault("F01", "PostgreSQL is down when the server starts", quick=True)
def down_at_start(run):
    cluster = run.make_cluster(start=False)
    server = run.make_server()
    began = time.monotonic()
    server.start(ready=False)
    run.probe()
    load = run.load(rate=50, connections=8)
    run.began(is_outage=True, at=began + 0.1)
    time.sleep(6)
    accepted = cluster.start()
    run.over(accepted)
    time.sleep(4)
    load.finish()
    refused = [request for request in load.requests if request.due < accepted - 1]
    # The first second belongs to requests that may wait for a database that was not seen away yet.
    settled = [request for request in refused if request.due > began + 2]
    run.at_most("slowest refusal", max(request.seconds for request in settled) * 1000, 50, "ms")
    run.none_of("answers other than 503 while it was down", sum(request.outcome != "503" for request in refused))


@fault("F02", "wrong password; no such database; TLS that PostgreSQL does not offer", quick=True)
def wrong_configuration(run):
    cluster = run.make_cluster()
    password = "a-password-that-is-wrong"
    run.secrets.append(password)
    cluster.query("ALTER ROLE connvo_server PASSWORD 'the-right-one'")
    hba = cluster.data / "pg_hba.conf"
    hba.write_text("local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n")
    port = processes.free_port()
    cluster.stop()
    cluster.start(listen_addresses="127.0.0.1", port=port)
    address = f"127.0.0.1:{port}"
    socket = f"host={cluster.folder}&port={port}"
    urls = {
        "password": f"postgresql://connvo_server:{password}@/connvo?{socket}",
        "database": f"postgresql://connvo_server:the-right-one@/nowhere?{socket}",
        "TLS": f"postgresql://connvo_server:the-right-one@127.0.0.1:{port}/connvo?sslmode=require",
    }
    for name, url in urls.items():
        server = run.make_server(url, name=f"server-{name}")
        began = time.monotonic()
        try:
            server.start(ready=False)
            code = server.process.wait(3)
        except (Failure, subprocess.TimeoutExpired):
            code = server.process.poll()
        run.at_most(f"{name}: end", time.monotonic() - began, 3, "s")
        run.must(f"{name}: exit code 78", code == 78, str(code))
        lines = server.text().splitlines()
        errors = [line for line in lines if not line.startswith("{")]
        is_named = len(errors) == 1 and "DATABASE_URL" in errors[0]
        run.must(f"{name}: one line that names DATABASE_URL", is_named, "|".join(errors))


@fault("F03", "the schema is behind the binary; then ahead of it", quick=True)
def schema(run):
    cluster = run.make_cluster()
    newest = cluster.query("SELECT max(version) FROM connvo.schema_migrations")
    behind = cluster.query(
        f"DELETE FROM connvo.schema_migrations WHERE version = {newest} RETURNING row_to_json(schema_migrations)")
    server = run.make_server()
    server.start(ready=False)
    wait_until(lambda: "migrat" in server.obstacles(), 3)
    text = server.obstacles()
    run.must("behind: not ready, and says so", server.get("/readyz")[0] == 503 and "migrat" in text, text)
    server.stop()
    columns = cluster.query(
        "SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns "
        "WHERE table_schema = 'connvo' AND table_name = 'schema_migrations' AND column_name <> 'version'")
    # As a newer release would leave it: the newest migration again, and one more.
    again = f"json_populate_record(NULL::connvo.schema_migrations, '{behind}')"
    cluster.query(f"INSERT INTO connvo.schema_migrations SELECT ({again}).*")
    cluster.query(
        f"INSERT INTO connvo.schema_migrations (version, {columns}) "
        f"SELECT version + 1, {columns} FROM connvo.schema_migrations WHERE version = {newest}")
    server = run.make_server(name="server-ahead")
    server.start(ready=False)
    wait_until(lambda: server.is_ready() or "newer" in server.obstacles(), 5)
    time.sleep(0.5)
    status, text = server.get("/readyz?verbose")
    run.must("ahead: says so, ready or not", status in (200, 503) and str(int(newest) + 1) in text + server.text(), text)
    run.note("ahead", "served" if status == 200 else "not served")


@fault("F04", "five fast restarts at 400 requests a second", quick=True)
def fast_restarts(run):
    run.serve()
    load = run.load(rate=400, connections=32)
    time.sleep(2)
    times = []
    for _ in range(5):
        stopped, accepted = run.cluster.restart("fast")
        times.append((stopped, accepted))
        run.began(at=stopped)
        run.over(accepted)
        time.sleep(3)
    load.finish()
    failed = [
        sum(not request.is_token and stopped - 0.5 < request.due < stopped + 3 for request in load.requests)
        for stopped, _ in times]
    run.at_most("failed, of one restart", max(failed), 20)
    run.note("outage", f"{max(accepted - stopped for stopped, accepted in times):.2f} s")


@fault("F05", "SIGKILL to PostgreSQL five times, with fsync on a disk", quick=True)
def crashes(run):
    cluster = run.make_cluster(folder=run.context.disk_folder(run), fsync="on", max_connections=50)
    run.serve()
    load = run.load(rate=400, connections=32)
    time.sleep(1.5)
    for _ in range(5):
        killed, accepted = cluster.restart("crash")
        run.began(at=killed)
        run.over(accepted)
        time.sleep(2.6)
    load.finish()


@fault("F06", "all sessions of the server ended every second for 10 seconds", quick=True)
def ended_sessions(run):
    run.serve()
    opened = run.server.metric("connvo_database_connections_opened_total")
    load = run.load(rate=400, connections=32)
    time.sleep(1)
    began = time.monotonic()
    with run.cluster.session() as session:
        for _ in range(10):
            session.query(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'connvo_server'")
            time.sleep(1)
    ended = time.monotonic()
    run.began(at=began)
    run.over(ended - 1)
    opened = run.server.metric("connvo_database_connections_opened_total") - opened
    time.sleep(3)
    load.finish()
    run.at_least("requests with a token", tokens_within(load, began, ended), 98, "%")
    run.at_most("connects a second", opened / (ended - began), 5)


@fault("F08", "the primary comes back as a standby, read-only, and is promoted after 4 seconds")
def read_only(run):
    run.serve()
    cluster = run.cluster
    load = run.load(rate=400, connections=32)
    time.sleep(1)
    # Clients that ask for a session that can write are not served meanwhile; those that do not are refused by 25006.
    run.began(is_outage=True)
    cluster.stop("fast")
    cluster.touch("standby.signal")
    cluster.start()
    time.sleep(4)
    cluster.query("SELECT pg_promote()")
    run.over()
    time.sleep(4)
    load.finish()


@fault("F21", "PostgreSQL up for 5 seconds and down for 5, six times")
def flapping(run):
    run.serve()
    load = run.load(rate=200, connections=16)
    time.sleep(2)
    attempts, steady = 0, 0
    for _ in range(6):
        run.began(is_outage=True)
        run.cluster.stop("fast")
        failures = [run.server.metric("connvo_database_connection_failures_total")]
        for seconds in (1, 4):
            time.sleep(seconds)
            failures.append(run.server.metric("connvo_database_connection_failures_total"))
        attempts, steady = max(attempts, failures[2] - failures[0]), max(steady, failures[2] - failures[1])
        run.over(run.cluster.start())
        time.sleep(5)
    load.finish()
    # In the first second they are in quick succession, so that the end of a short restart is seen at once.
    run.at_most("attempts to connect a second, from the second one down", steady / 4, 3)
    run.at_most("attempts to connect in five seconds down", attempts, 20)
