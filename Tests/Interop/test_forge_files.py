"""What scripts/check-forge finds in a copy of the files that a forge reads, with one fault each."""

import shutil
import subprocess

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv-lint/bin/zizmor").exists(), reason="scripts/lint makes .venv-lint")

WORKFLOW, INSIGHTS, FORM = ".github/workflows/ci.yml", "SECURITY-INSIGHTS.yml", ".github/ISSUE_TEMPLATE/bug.yml"


@pytest.fixture
def copy(tmp_path):
    for name in ("scripts", ".github", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for path in [*ROOT.glob("*.md"), ROOT / INSIGHTS]:
        shutil.copy(path, tmp_path)
    (tmp_path / ".venv-lint").symlink_to(ROOT / ".venv-lint")
    return tmp_path


def check(copy):
    result = subprocess.run([copy / "scripts/check-forge"], capture_output=True, text=True, timeout=120)
    return result.returncode, result.stdout


def test_the_files_have_no_fault(copy):
    assert check(copy) == (0, "")


FAULTS = [
    (WORKFLOW, "de0fac2e4500dabe0009e67214ff5f5447ce83dd # v6.0.2", "v6", "an action without a commit"),
    (WORKFLOW, "run: bash .ci/run", "run: bash .ci/run $UNQUOTED ${{ github.event.pull_request.title }}", "template-injection"),
    (WORKFLOW, "$UNQUOTED", "$UNQUOTED", "SC2086"),
    (WORKFLOW, "github.ref == 'refs", "github.reff == 'refs", "reff"),
    (FORM, "type: input\n    id: version", "type: inputs\n    id: version", "inputs"),
    (INSIGHTS, "schema-version: 2.0.0", "schema-version: 3.0.0", "'2.0.0' was expected"),
    (INSIGHTS, "    expression: NONE\n", "", "expression"),
    (INSIGHTS, "  status: active", "  status: lively", "lively"),
    (INSIGHTS, "blob/main/CONTRIBUTING.md\n    security", "blob/main/NOWHERE.md\n    security", "there is no NOWHERE.md"),
    (".github/CODEOWNERS", "* @connvo/maintainers", "* maintainers", "a pattern without an owner"),
]


def test_each_fault_is_found_in_its_file(copy):
    for file, old, new, _ in FAULTS:
        text = (copy / file).read_text()
        assert text.count(old) == 1, old
        (copy / file).write_text(text.replace(old, new))
    code, found = check(copy)
    assert code == 1
    for file, _, _, said in FAULTS:
        assert any(line.startswith(f"{file}:") and said in line for line in found.splitlines()), (said, found)
    assert {line.split(":")[0] for line in found.splitlines()} == {file for file, *_ in FAULTS}
