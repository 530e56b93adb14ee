"""Commands for cron: with --quiet, a run that went well says nothing at all, and one that did not says why."""

from commands import run
from conftest import ROOT

DEMO = str(ROOT / "sql/seed/demo.json")


def says_nothing(result):
    return (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_nothing_is_said_of_success(prepared, tmp_path):
    environment = prepared("empty")
    for _ in range(2):
        # At first there is something to do, then there is not.
        for command in (["migrate"], ["migrate", "up"], ["seed", DEMO], ["maintain"]):
            result = run([*command, "--quiet"], environment, tmp_path)
            assert says_nothing(result), (command, result)
    for command in (
        ["migrate", "check"], ["migrate", "verify"], ["migrate", "wait"], ["migrate", "repair", "--yes"],
        ["maintain", "--dry-run"], ["seed", "--dry-run", DEMO],
    ):
        result = run([*command, "--quiet"], environment, tmp_path)
        assert says_nothing(result), (command, result)
    # Without it, they do say something.
    for command in (["migrate"], ["migrate", "check"], ["migrate", "verify"], ["migrate", "repair"]):
        result = run(command, environment, tmp_path)
        assert result.stderr != "" and result.stdout == "", command
    assert "unchanged" in run(["seed", DEMO], environment, tmp_path).stdout


def test_what_is_wrong_is_said(prepared, tmp_path):
    environment = prepared("seeded")
    (tmp_path / "bad.json").write_text('{"users": [{"id": "x"}]}')
    result = run(["seed", "--quiet", "bad.json"], environment, tmp_path)
    assert result.returncode == 65 and "email" in result.stderr
    away = environment | {"DATABASE_URL": "postgresql:///x?host=/nonexistent"}
    for command in (["migrate"], ["maintain"], ["seed", DEMO], ["migrate", "wait", "--timeout", "10ms"]):
        result = run([*command, "--quiet"], away, tmp_path)
        assert result.returncode == 69 and result.stderr.startswith("connvo-server: "), command


def test_results_that_were_asked_for_stay(prepared, tmp_path):
    result = run(["seed", "--quiet", "--json", DEMO], prepared("migrated"), tmp_path)
    assert result.returncode == 0 and result.stdout.startswith("{") and result.stderr == ""


def test_the_exit_code_says_what_a_quiet_dry_run_found(prepared, tmp_path):
    result = run(["seed", "--quiet", "--dry-run", DEMO], prepared("migrated"), tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "")
