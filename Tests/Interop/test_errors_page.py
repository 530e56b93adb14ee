"""docs/errors.md lists every code that the server sends: those of openapi.yaml, whose examples test_openapi.py provokes."""

import re

from conftest import ROOT
from test_openapi import DOCUMENT, examples

PAGE = (ROOT / "docs/errors.md").read_text()


def table_rows():
    """Row number and code of each line of the tables of outcomes."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        codes = [cell.strip("`") for cell in cells if re.fullmatch(r"`[A-Z_]{4,}`", cell)]
        if cells[0].isdigit() and codes:
            yield int(cells[0]), codes[0]


def listed():
    """The list at the end: each code with its rows."""
    lines = re.findall(r"^\| `([A-Z_]+)` \| ([0-9, ]+) \|$", PAGE, flags=re.MULTILINE)
    return {code: {int(row) for row in rows.split(",")} for code, rows in lines}


def test_the_list_of_codes_agrees_with_the_rows():
    rows = {}
    for row, code in table_rows():
        rows.setdefault(code, set()).add(row)
    assert listed() == rows


def test_rows_are_numbered_without_gaps():
    numbers = {row for row, _ in table_rows()}
    assert numbers == set(range(1, max(numbers) + 1))


def test_the_codes_are_those_of_the_document():
    assert set(DOCUMENT["components"]["schemas"]["Code"]["x-extensible-enum"]) == set(listed())


def test_every_code_has_an_example():
    bodies = [value for *_, value in examples() if isinstance(value, dict)]
    assert {body["errorData"]["code"] for body in bodies if "code" in body.get("errorData", {})} == set(listed())
