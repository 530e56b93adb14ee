"""Writes openapi.yaml as JSON and as a page: see scripts/openapi."""

import json
import pathlib
import sys

import yaml

from api_page import Page

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = "share/api"


def compact(value) -> str:
    # A date or another type that only YAML has is a TypeError: the document has none.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_json(document: dict) -> str:
    """With a line for each path and each component, so that a change is read line by line."""
    def members(node: dict, depth: int) -> str:
        if depth == 0:
            return compact(node)
        lines = ",\n".join(f"{compact(str(name))}:{members(inner, depth - 1)}" for name, inner in node.items())
        return "{\n" + lines + "\n}"

    depths = {"paths": 1, "components": 2}
    parts = [f"{compact(name)}:{members(node, depths.get(name, 0))}" for name, node in document.items()]
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    if json.loads(text) != document:
        sys.exit("openapi: openapi.yaml holds what JSON has not: a key that is no text, for instance a bare number")
    return text


def main() -> None:
    arguments = sys.argv[1:]
    if arguments not in ([], ["--check"]):
        sys.exit("usage: scripts/openapi [--check]")
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    files = {"openapi.json": as_json(document), "docs.html": Page(ROOT, document).html()}
    outdated = 0
    for name, text in files.items():
        file = ROOT / FOLDER / name
        if file.exists() and file.read_text() == text:
            continue
        outdated += 1
        if arguments:
            print(f"{FOLDER}/{name}:1: is not what scripts/openapi writes: run it, and commit the file")
        else:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
            print(f"openapi: wrote {FOLDER}/{name}")
    if arguments and outdated:
        sys.exit(1)


main()
