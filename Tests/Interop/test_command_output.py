"""A command whose output could not be written fails, and says so; files are replaced as a whole."""

import os
import pathlib
import stat
import subprocess

import pytest

from commands import ALL, BINARY, LEAVES, run, start, until
from conftest import ROOT, psql

DEMO = str(ROOT / "sql/seed/demo.json")

DROP_LAST_PARTITION = """
    DO $$ BEGIN EXECUTE 'DROP TABLE connvo.' || (SELECT max(partition_name) FROM connvo.partitions()); END $$
"""

# What makes each command print something: its arguments, SQL that is run before, and whether the database is migrated
# and seeded. None for a command that prints nothing on standard output, ever.
PRINTS = {
    ("serve",): None,
    ("migrate", "up"): ([], "", "empty"),
    ("migrate", "status"): ([], "", "seeded"),
    ("migrate", "plan"): ([], "", "seeded"),
    ("migrate", "check"): None,
    ("migrate", "verify"): (["--print"], "", "seeded"),
    ("migrate", "repair"): (
        ["--yes"], "UPDATE connvo.schema_migrations SET checksum = sha256('x') WHERE version = 1", "seeded",
    ),
    ("migrate", "adopt"): (["--yes"], "DROP TABLE connvo.schema_migrations CASCADE", "seeded"),
    ("migrate", "wait"): None,
    ("seed",): ([DEMO], "", "migrated"),
    ("export",): ([], "", "seeded"),
    ("report",): (["tokens"], "", "seeded"),
    ("maintain",): ([], DROP_LAST_PARTITION, "migrated"),
    ("token", "issue-bearer"): (["--user", "user_workos_123"], "", "seeded"),
    ("token", "development-key"): None,
    ("token", "inspect"): (["-"], "", "served"),
    ("explain",): (["--user", "user_workos_123", "--meeting", "meeting_123example"], "", "seeded"),
    ("doctor",): (["--config"], "", "empty"),
    ("healthcheck",): ([], "", "seeded"),
    ("help",): ([], "", "empty"),
}
SILENT = {
    ("serve",): (["--http-port", "x"], 64),
    ("migrate", "check"): ([], 0),
    ("migrate", "wait"): ([], 0),
    ("token", "development-key"): (["--key", "made.pem", "--jwks", "made.json"], 0),
}


def input_of(words, server):
    """A token, for the command that reads one."""
    if words != ("token", "inspect"):
        return ""
    return server.call(server.bearer("user_workos_123"))[1]["value"]["token"]


def further_arguments(words, server):
    """Where the server listens, for the command that asks it: its settings leave the port to the system."""
    return ["--admin-port", str(server.port)] if words == ("healthcheck",) else []


def test_every_command_is_in_the_table():
    assert set(LEAVES) <= set(PRINTS), "say in PRINTS what makes the new command print something"


@pytest.mark.parametrize("way", ["full", "closed", "gone"])
@pytest.mark.parametrize("words", [words for words in LEAVES if PRINTS.get(words)], ids=" ".join)
def test_output_that_is_lost(words, way, server, prepared):
    arguments, sql, state = PRINTS[words]
    environment = prepared(state, sql)
    token = input_of(words, server)
    command = [*words, *arguments, *further_arguments(words, server)]
    if way == "full":
        with open("/dev/full", "w") as full:
            result = run(command, environment, server.folder, output=full, input=token)
    elif way == "closed":
        result = run(command, environment, server.folder, closed=True, input=token)
    else:
        read_end, write_end = os.pipe()
        os.close(read_end)
        result = run(command, environment, server.folder, output=write_end, input=token)
        os.close(write_end)
    if way == "gone":
        # As a process that SIGPIPE ended. It is no mistake, so that nothing is said of it.
        assert result.returncode == 141, result
        assert "cannot be written" not in result.stderr
    else:
        assert result.returncode == 1, result
        reason = "No space left on device" if way == "full" else "Bad file descriptor"
        assert f"connvo-server: standard output cannot be written: {reason}\n" in result.stderr
    # The same with an output that takes it: the arguments of the table do print something.
    environment = prepared(state, sql)
    assert run(command, environment, server.folder, input=input_of(words, server)).stdout != ""


@pytest.mark.parametrize("words", [words for words in LEAVES if PRINTS.get(words, 0) is None], ids=" ".join)
def test_commands_that_print_nothing(words, server, prepared):
    environment = prepared("seeded")
    arguments, status = SILENT[words]
    result = run([*words, *arguments], environment, server.folder)
    assert (result.returncode, result.stdout) == (status, "")
    with open("/dev/full", "w") as full:
        assert run([*words, *arguments], environment, server.folder, output=full).returncode == status
    assert run([*words, *arguments], environment, server.folder, closed=True).returncode == status


@pytest.mark.parametrize(
    "arguments", [["--version"], ["help"], *[[*words, "--help"] for words, _ in [((), True), *ALL]]], ids=" ".join
)
def test_help_that_is_lost(arguments, server):
    with open("/dev/full", "w") as full:
        result = run(arguments, server.environment, server.folder, output=full)
    assert result.returncode == 1
    assert result.stderr == "connvo-server: standard output cannot be written: No space left on device\n"
    result = run(arguments, server.environment, server.folder, closed=True)
    assert result.returncode == 1
    assert result.stderr == "connvo-server: standard output cannot be written: Bad file descriptor\n"


def test_what_was_begun_is_completed_though_the_output_is_lost(server, prepared):
    environment = prepared("empty")
    with open("/dev/full", "w") as full:
        assert run(["migrate"], environment, server.folder, output=full).returncode == 1
    assert run(["migrate", "check"], environment, server.folder).returncode == 0


def test_a_closed_stream_is_not_taken_for_a_connection(prepared, tmp_path):
    """The lowest free descriptor is the next that is opened: what is printed must not go there."""
    environment = prepared("seeded")
    expected = run(["export"], environment, tmp_path).stdout
    for number in (0, 1, 2):
        result = subprocess.run(
            [BINARY, "export", "--output", "exported.json"], env=environment, cwd=tmp_path, timeout=60,
            preexec_fn=lambda: os.close(number),
        )
        assert result.returncode == 0
        assert (tmp_path / "exported.json").read_text() == expected


# Files.


def exported(environment, folder, path="out.json", wrapper=(), **options):
    result = run(["export", "--output", str(path)], environment, folder, wrapper=wrapper, **options)
    return result


def test_a_file_keeps_its_mode_and_its_owner(prepared, tmp_path, drafts):
    environment = prepared("seeded") | drafts
    file = tmp_path / "out.json"
    assert exported(environment, tmp_path).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.write_text("old")
    file.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(file, 1234, 4321)
    before = file.stat()
    assert exported(environment, tmp_path).returncode == 0
    after = file.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert file.read_text() == run(["export"], environment, tmp_path).stdout
    # Also for the other commands that write files.
    keys = tmp_path / "jwks.json"
    keys.write_text("old")
    keys.chmod(0o604)
    assert run(["token", "development-key", "--key", "k.pem", "--jwks", "jwks.json"], environment, tmp_path).returncode == 0
    assert stat.S_IMODE(keys.stat().st_mode) == 0o604
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600


def test_symbolic_links_are_followed(prepared, tmp_path, drafts):
    environment = prepared("seeded") | drafts
    (tmp_path / "far").mkdir()
    (tmp_path / "middle").symlink_to("far/real.json")
    (tmp_path / "out.json").symlink_to(tmp_path / "middle")
    for _ in range(2):
        # At first it points to nothing.
        assert exported(environment, tmp_path).returncode == 0
        assert (tmp_path / "out.json").is_symlink() and (tmp_path / "middle").is_symlink()
        assert (tmp_path / "far/real.json").read_text().startswith("{")
        (tmp_path / "far/real.json").write_text("old")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["far", "middle", "out.json"]
    assert [path.name for path in (tmp_path / "far").iterdir()] == ["real.json"]


def test_a_file_that_is_mounted_on_its_own(prepared, tmp_path, drafts):
    environment = prepared("seeded") | drafts
    (tmp_path / "host.json").write_text("old " * 100_000)
    (tmp_path / "out.json").write_text("")
    wrapper = ["unshare", "--mount", "sh", "-c", 'mount --bind host.json out.json && exec "$@"', "sh"]
    if subprocess.run([*wrapper, "true"], cwd=tmp_path, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount")
    result = exported(environment, tmp_path, wrapper=wrapper)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "host.json").read_text() == run(["export"], environment, tmp_path).stdout
    assert (tmp_path / "out.json").read_text() == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["host.json", "out.json"]


def as_other_user():
    os.setgid(65534)
    os.setuid(65534)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_a_directory_that_may_not_be_written(prepared, tmp_path):
    environment = prepared("seeded")
    for parent in [tmp_path, *tmp_path.parents][:3]:
        parent.chmod(0o755)
    file = tmp_path / "out.json"

    def export():
        return subprocess.run(
            [BINARY, "export", "--output", file], env=environment, cwd="/", preexec_fn=as_other_user,
            capture_output=True, text=True, timeout=60,
        )

    refused = export()
    assert refused.returncode == 1 and "out.json cannot be written: Permission denied" in refused.stderr
    file.write_text("old")
    assert export().returncode == 1
    assert file.read_text() == "old"
    # The file of another owner stays that of the other owner.
    file.chmod(0o666)
    done = export()
    assert done.returncode == 0, done.stderr
    assert file.read_text().startswith("{")
    assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (0, 0o666)
    tmp_path.chmod(0o777)
    file.write_text("old")
    done = export()
    assert done.returncode == 0, done.stderr
    assert (file.stat().st_uid, stat.S_IMODE(file.stat().st_mode)) == (0, 0o666)
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_failure_leaves_the_old_file_and_nothing_else(prepared, tmp_path, drafts):
    environment = prepared("seeded", "DROP TABLE connvo.meeting_participants CASCADE") | drafts
    (tmp_path / "out.json").write_text("old")
    assert exported(environment, tmp_path).returncode == 1
    assert (tmp_path / "out.json").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_kill_leaves_no_part_of_a_file(prepared, tmp_path):
    """Where the file system has files without a name, which is where CI and servers run."""
    environment = prepared("seeded")
    database = environment["DATABASE_URL"].removeprefix("postgresql:///")
    with subprocess.Popen(["psql", "-X", "-q", "-d", database], stdin=subprocess.PIPE, text=True) as holder:
        holder.stdin.write("BEGIN; LOCK TABLE connvo.meetings;\n")
        holder.stdin.flush()
        until(lambda: psql(database, "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted"
                                     " AND relation = 'connvo.meetings'::regclass") == "1")
        process = start(["export", "--output", "out.json"], environment, tmp_path)
        until(lambda: psql(database, "SELECT count(*) FROM pg_locks WHERE NOT granted") == "1", process)
        assert list(tmp_path.iterdir()) == []
        process.kill()
        process.communicate()
        holder.stdin.close()
    assert list(tmp_path.iterdir()) == []


def test_special_files_are_written_to(prepared, tmp_path):
    environment = prepared("seeded")
    assert exported(environment, tmp_path, "/dev/null").returncode == 0
    result = exported(environment, tmp_path, "/dev/full")
    assert result.returncode == 1 and "/dev/full cannot be written: No space left on device" in result.stderr
    assert "Is a directory" in exported(environment, tmp_path, tmp_path).stderr
    expected = run(["export"], environment, tmp_path).stdout
    assert exported(environment, tmp_path, "/dev/stdout").stdout == expected
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = start(["export", "--output", str(fifo)], environment, tmp_path)
    assert pathlib.Path(fifo).read_text() == expected
    process.communicate()
    assert process.returncode == 0
