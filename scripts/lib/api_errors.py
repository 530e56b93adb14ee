"""The rows of docs/errors.md, which is the specification of outcomes."""

import pathlib
import re
import sys
from dataclasses import dataclass


@dataclass
class Outcome:
    row: int
    when: str
    status: str
    code: str
    status_code: str
    metadata: list[str]
    # What the client does.
    remedy: str
    # A row may have several lines, each with a code of its own.
    is_first: bool = True


def section(root: pathlib.Path, title: str) -> list[str]:
    """The entries of the list in a section, each in one line."""
    text = (root / "docs/errors.md").read_text().split(f"\n## {title}\n", 1)[1].split("\n## ")[0]
    return [" ".join(entry.split()) for entry in re.findall(r"^- (.*?)(?=^- |^$|\Z)", text, re.DOTALL | re.MULTILINE)]


def outcomes(root: pathlib.Path) -> list[Outcome]:
    """All rows, in the order of the page. A row without something to do is an error."""
    found: list[Outcome] = []
    for line in (root / "docs/errors.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not re.fullmatch(r"\d+", cells[0]) or len(cells) < 5:
            continue
        if len(cells) == 7:
            row, when, status, code, status_code, metadata, remedy = cells
        else:
            row, status, code, when, remedy = cells
            status_code, metadata = status, ""
        if not remedy:
            sys.exit(f"openapi: row {row} of docs/errors.md does not say what the client does")
        found.append(Outcome(
            int(row), when, status, code.strip("`"), status_code, re.findall(r"`([^`]+)`", metadata), remedy,
            all(known.row != int(row) for known in found),
        ))
    return found
