"""What scripts/check-documents finds in a copy of the documents that has faults."""

import re
import shutil
import subprocess
import xml.etree.ElementTree

import pytest
from conftest import ROOT

pytestmark = pytest.mark.skipif(
    not (ROOT / ".venv-lint/bin/lychee").exists(), reason="scripts/lint makes .venv-lint")


@pytest.fixture
def copy(tmp_path):
    """Of the checkout, without what is beside it; other folders are only linked to, and their own links not looked at."""
    for path in ROOT.iterdir():
        if path.name in ("docs", "scripts"):
            shutil.copytree(path, tmp_path / path.name)
        elif path.is_dir() and not path.name.startswith((".build", ".connvo", ".git")) or path.name == ".github":
            (tmp_path / path.name).symlink_to(path)
        elif path.is_file():
            shutil.copy(path, tmp_path)
    return tmp_path


def check(copy):
    result = subprocess.run([copy / "scripts/check-documents"], capture_output=True, text=True, timeout=120)
    return result.returncode, result.stdout.splitlines(), result.stderr


def test_the_documents_have_no_fault(copy):
    assert check(copy) == (0, [], "")


def test_each_kind_of_fault_is_found_with_its_line(copy):
    docs = "docs"  # apart from the names, as this file is one that is checked
    page = copy / docs / "new.md"
    page.write_text(
        "# New\n\n[a](errors.md#all-codes) [b](errors.md#no-such) [c](nowhere.md)\n![d](images/nothing.png)\n"
        '<img src="images/none.svg" alt="">\n[e](#new) [f](#old) [g](htps://example.com/) [h](https://example.com/)\n'
        "`[i](nowhere.md)`\n\n```\n[k](nowhere.md)\n```\n")
    (copy / "scripts/some-script").write_text(f"# See {docs}/nowhere.md, and docs/errors.md.\n")
    code, found, errors = check(copy)
    assert (code, errors) == (1, "")
    assert sorted(line.split(": ", 1)[0] + ": " + line.split(": ")[1] for line in found) == sorted([
        f"{docs}/new.md:3: {docs}/errors.md#no-such", f"{docs}/new.md:3: {docs}/nowhere.md",
        f"{docs}/new.md:4: {docs}/images/nothing.png", f"{docs}/new.md:5: {docs}/images/none.svg",
        f"{docs}/new.md:6: {docs}/new.md#old", f"{docs}/new.md:6: htps://example.com/",
        f"{docs}/README.md:1: {docs}/new.md is not in it", f"scripts/some-script:1: there is no {docs}/nowhere.md",
    ])


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").glob("*.svg")), ids=lambda path: path.name)
def test_a_drawing_suits_both_schemes_and_loads_nothing(picture):
    """As a forge shows it: in an element `img`, where neither scripts run nor other files are loaded."""
    text = picture.read_text()
    root = xml.etree.ElementTree.fromstring(text)
    assert root.find("{*}title") is not None and root.find("{*}desc") is not None
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"<script|<image|href=|@import|url\((?!#)", text)
    light, dark = (set(re.findall(r"(--\w+):", block)) for block in re.findall(r"^svg \{(.*)\}$", text, re.MULTILINE))
    assert light == dark == set(re.findall(r"var\((--\w+)\)", text))
