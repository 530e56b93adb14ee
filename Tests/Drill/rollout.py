"""What a rolling restart needs: HAProxy's configuration for two servers, and one migration more than there are."""

import shutil
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def haproxy_configuration(port, one, two):
    """deploy/haproxy.cfg that listens on `port`; `one` and `two` are pairs of HTTP_PORT and ADMIN_PORT."""
    text = (CHECKOUT / "deploy/haproxy.cfg").read_text()
    for example, actual in (
        ("bind 127.0.0.1:8000\n", f"bind 127.0.0.1:{port}\n"),
        ("one 127.0.0.1:8080 check port 8081\n", f"one 127.0.0.1:{one[0]} check port {one[1]}\n"),
        ("two 127.0.0.2:8080 check port 8081\n", f"two 127.0.0.1:{two[0]} check port {two[1]}\n"),
    ):
        if text.count(example) != 1:
            raise ValueError(f"deploy/haproxy.cfg has not one {example.strip()}")
        text = text.replace(example, actual)
    return text


def additive_migration(folder):
    """A folder with the migrations of this checkout and one more, which gives meetings a room."""
    folder = Path(folder)
    shutil.copytree(CHECKOUT / "sql/migrations", folder / "migrations")
    shutil.copy(CHECKOUT / "sql/roles.sql", folder)
    number = max(int(file.name[:4]) for file in (folder / "migrations").glob("*.sql")) + 1
    (folder / f"migrations/{number:04}_rooms.sql").write_text(
        f"-- {number:04}: meetings may have a room.\n-- Why: a test.\n"
        "-- Lock: ACCESS EXCLUSIVE on connvo.meetings, for a moment.\n"
        "ALTER TABLE connvo.meetings ADD COLUMN room text;\n"
    )
    return folder / "migrations"
