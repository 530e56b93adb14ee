"""A signal ends a command at once: it says what happened to the data, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import time

import pytest

from commands import run, start, until
from conftest import ROOT, psql

DEMO = str(ROOT / "sql/seed/demo.json")
# As AdvisoryLock.swift has it: "connvo" and the number of the lock.
MIGRATION_LOCK = int.from_bytes(b"connvo", "big") << 16 | 1
SIGNALS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


def database_of(environment):
    return environment["DATABASE_URL"].removeprefix("postgresql:///")


@contextlib.contextmanager
def held(database, statement):
    """Another session that has run the statement, in a transaction that it keeps open."""
    holder = subprocess.Popen(["psql", "-X", "-q", "-A", "-t", "-d", database], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        holder.stdin.write(f"BEGIN; {statement};\n\\echo held\n")
        holder.stdin.flush()
        while holder.stdout.readline() != "held\n":
            pass
        yield
    finally:
        holder.stdin.close()
        holder.stdout.close()
        holder.wait(30)


def waiting(database):
    """How many sessions of the program wait for a lock."""
    return int(psql(database, f"""SELECT count(*) FROM pg_stat_activity
        WHERE datname = '{database}' AND application_name LIKE 'connvo-server%' AND wait_event_type = 'Lock'"""))


def sessions(database):
    return int(psql(database, f"""SELECT count(*) FROM pg_stat_activity
        WHERE datname = '{database}' AND application_name LIKE 'connvo-server%'"""))


def interrupted(process, name):
    """Sends the signal, and returns what the command says then."""
    process.send_signal(getattr(signal, name))
    output, errors = process.communicate(timeout=30)
    assert process.returncode == SIGNALS[name], (process.returncode, errors)
    return output, errors


@pytest.mark.parametrize("name", SIGNALS)
def test_export(prepared, tmp_path, name, drafts):
    environment = prepared("seeded") | drafts
    database = database_of(environment)
    (tmp_path / "out.json").write_text("old")
    with held(database, "LOCK TABLE connvo.meetings"):
        process = start(["export", "--output", "out.json"], environment, tmp_path)
        until(lambda: waiting(database) == 1, process)
        assert len(list(tmp_path.iterdir())) == (2 if drafts else 1)
        output, errors = interrupted(process, name)
        # The server has been asked to end it: the lock is still held, but no session waits for it.
        until(lambda: sessions(database) == 0)
    assert output == ""
    assert errors == (
        f"connvo-server: {name}: nothing in the database was changed; out.json was not written, and is as it was\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    assert (tmp_path / "out.json").read_text() == "old"


def test_report(prepared, tmp_path):
    environment = prepared("seeded")
    database = database_of(environment)
    with held(database, "LOCK TABLE connvo.issued_tokens"):
        process = start(["report", "tokens"], environment, tmp_path)
        until(lambda: waiting(database) == 1, process)
        assert interrupted(process, "SIGINT") == ("", "connvo-server: SIGINT: nothing in the database was changed\n")
        until(lambda: sessions(database) == 0)


@pytest.mark.parametrize("dry", [[], ["--dry-run"]], ids=["seed", "dry run"])
def test_seed_is_rolled_back(prepared, tmp_path, dry):
    environment = prepared("migrated")
    database = database_of(environment)
    with held(database, "LOCK TABLE connvo.users"):
        process = start(["seed", *dry, DEMO], environment, tmp_path)
        until(lambda: waiting(database) == 1, process)
        output, errors = interrupted(process, "SIGINT")
        until(lambda: sessions(database) == 0)
    assert output == ""
    assert errors.splitlines()[-1] == "connvo-server: SIGINT: nothing in the database was changed"
    assert psql(database, "SELECT count(*) FROM connvo.users") == "0"


SLOW_COMMIT = """
    CREATE FUNCTION connvo.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep({}); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON connvo.organizations DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.id = 'org_slow') EXECUTE FUNCTION connvo.slow()
"""


def committing(database):
    return psql(database, f"""SELECT count(*) FROM pg_stat_activity
        WHERE datname = '{database}' AND query = 'COMMIT' AND wait_event = 'PgSleep'""") == "1"


def test_a_commit_is_waited_for(prepared, tmp_path):
    environment = prepared("migrated", SLOW_COMMIT.format(3))
    database = database_of(environment)
    (tmp_path / "slow.json").write_text('{"organizations": [{"id": "org_slow", "name": "Slow"}]}')
    process = start(["seed", "slow.json"], environment, tmp_path)
    until(lambda: committing(database), process)
    _, errors = interrupted(process, "SIGTERM")
    assert errors.splitlines()[-1] == "connvo-server: SIGTERM: everything was seeded"
    assert psql(database, "SELECT count(*) FROM connvo.organizations WHERE id = 'org_slow'") == "1"


def test_the_second_signal_ends_at_once(prepared, tmp_path):
    environment = prepared("migrated", SLOW_COMMIT.format(600))
    database = database_of(environment)
    (tmp_path / "slow.json").write_text('{"organizations": [{"id": "org_slow", "name": "Slow"}]}')
    process = start(["seed", "slow.json"], environment, tmp_path)
    until(lambda: committing(database), process)
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline() == (
        "connvo-server: SIGINT: waiting for the server to end what it works on; a second signal ends at once\n"
    )
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 130
    assert process.communicate()[1] == ""
    psql(database, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'COMMIT'"
                   f" AND datname = '{database}'")


def test_migrate_says_what_is_applied(prepared, tmp_path):
    environment = prepared("empty")
    database = database_of(environment)
    migrations = tmp_path / "sql" / "migrations"
    shutil.copytree(ROOT / "sql/migrations", migrations)
    shutil.copy(ROOT / "sql/roles.sql", tmp_path / "sql")
    count = len(list(migrations.iterdir()))
    (migrations / f"{count + 1:04}_slow.sql").write_text(
        "-- Lock: none.\nCREATE TABLE connvo.slow (id integer);\nSELECT pg_sleep(600);\n"
    )
    process = start(["migrate", "--from", str(migrations)], environment, tmp_path)
    until(lambda: psql(database, f"""SELECT count(*) FROM pg_stat_activity
        WHERE datname = '{database}' AND wait_event = 'PgSleep'""") == "1", process)
    _, errors = interrupted(process, "SIGINT")
    assert errors.splitlines()[-1] == (
        f"connvo-server: SIGINT: done, and kept: the tables for the records of migrate to "
        f"{sorted(path.name for path in migrations.iterdir())[-2]} ({count + 1} steps); rolled back: "
        f"{count + 1:04}_slow.sql. `connvo-server migrate` continues from there"
    )
    until(lambda: sessions(database) == 0)
    assert psql(database, "SELECT max(version), to_regclass('connvo.slow') IS NULL FROM connvo.schema_migrations") == (
        f"{count}|t"
    )
    (migrations / f"{count + 1:04}_slow.sql").unlink()
    assert run(["migrate", "--from", str(migrations)], environment, tmp_path).returncode == 0


def test_migrate_before_anything_is_applied(prepared, tmp_path):
    environment = prepared("empty")
    database = database_of(environment)
    with held(database, f"SELECT pg_advisory_lock({MIGRATION_LOCK})"):
        process = start(["migrate"], environment, tmp_path)
        assert process.stderr.readline().startswith("Waiting for another migrator")
        _, errors = interrupted(process, "SIGINT")
    assert errors == (
        "connvo-server: SIGINT: nothing in the database was changed. `connvo-server migrate` continues from there\n"
    )
    assert psql(database, "SELECT to_regnamespace('connvo') IS NULL") == "t"


def test_maintain_says_what_is_done(prepared, tmp_path):
    environment = prepared("migrated", """
        DO $$ BEGIN EXECUTE 'DROP TABLE connvo.' || (SELECT max(partition_name) FROM connvo.partitions()); END $$""")
    database = database_of(environment)
    with held(database, "SELECT FROM connvo.rollup_state FOR UPDATE"):
        process = start(["maintain"], environment, tmp_path)
        until(lambda: waiting(database) == 1, process)
        output, errors = interrupted(process, "SIGTERM")
        until(lambda: sessions(database) == 0)
    made = output.removeprefix("made partition ").rstrip("\n")
    assert errors == (
        f"connvo-server: SIGTERM: done, and kept: made {made}. The next `connvo-server maintain` continues\n"
    )
    assert psql(database, f"SELECT to_regclass('connvo.{made}') IS NOT NULL") == "t"


def test_a_question_that_is_not_answered(prepared, tmp_path):
    environment = prepared("seeded")
    (tmp_path / "none.json").write_text('{"meeting_participants": []}')
    leader, follower = os.openpty()
    process = subprocess.Popen(
        [os.environ["CONNVO_BINARY"], "seed", "--prune", "meeting_participants", "none.json"], env=environment,
        cwd=tmp_path, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    os.close(follower)
    assert process.stderr.readline().startswith("This removes ")
    _, errors = interrupted(process, "SIGINT")
    os.close(leader)
    assert errors.endswith("connvo-server: SIGINT: nothing in the database was changed\n")
    assert int(psql(database_of(environment), "SELECT count(*) FROM connvo.meeting_participants")) > 0


def test_a_signal_that_is_ignored_stays_ignored(prepared, tmp_path):
    """As nohup(1) has it, and a shell for what it runs in the background."""
    environment = prepared("seeded")
    database = database_of(environment)

    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    with held(database, "LOCK TABLE connvo.meetings"):
        process = start(["export"], environment, tmp_path, preexec_fn=ignore)
        until(lambda: waiting(database) == 1, process)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert process.poll() is None
        interrupted(process, "SIGTERM")
