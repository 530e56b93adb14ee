"""Faults that are built into the package, each with the check that must notice it.

They are built in together: none hides another one. A check that begins with the text has to fail.
"""

import dataclasses

DEBIAN = "packaging/deb/debian"


@dataclasses.dataclass
class Fault:
    file: str
    old: str
    new: str
    noticed: list


FAULTS = [
    Fault(f"{DEBIAN}/rules", "sed '1{/^#!/d}'", "cat", ["lintian finds neither"]),
    Fault(
        f"{DEBIAN}/rules",
        "--no-enable ",
        "",
        ["connvo-server.service is not enabled", "connvo-server-maintain.timer is not enabled"],
    ),
    Fault(
        f"{DEBIAN}/rules",
        "--restart-after-upgrade",
        "--no-restart-after-upgrade --no-stop-on-upgrade",
        ["upgrade: the service was restarted", "downgrade: the service was restarted"],
    ),
    Fault(
        f"{DEBIAN}/connvo-server.postinst",
        "place 640 connvo",
        "place 644 connvo",
        [".env is for root and the group", "another user does not read .env"],
    ),
    Fault(f"{DEBIAN}/connvo-server.postinst", "place 600 root", "place 640 root", ["maintain.env is for root"]),
    # It touches the settings at every upgrade, and makes those anew that were deleted.
    Fault(
        f"{DEBIAN}/connvo-server.postinst",
        'if [ -z "$2" ]; then',
        '[ -z "$2" ] || echo "# $1" >>/etc/connvo-server/.env; if true; then',
        [
            "upgrade: the settings are kept",
            "downgrade: the settings are kept",
            "a deleted file of settings stays deleted",
            "installed again: with the settings of before",
        ],
    ),
    Fault(
        f"{DEBIAN}/connvo-server.postinst",
        "#DEBHELPER#",
        "#DEBHELPER#\nsystemctl start --no-block connvo-server-maintain.timer connvo-server.service || true",
        ["nothing was started", "a stopped service stays stopped", "installed again: nothing was started"],
    ),
    Fault(
        f"{DEBIAN}/connvo-server.postinst",
        "--home /nonexistent --no-create-home",
        "--home /var/connvo --shell /bin/sh",
        ["the user is of the system"],
    ),
    Fault(f"{DEBIAN}/connvo-server.prerm", "connvo-server.service", "", ["apt remove: no process is left"]),
    # It writes to the database.
    Fault(
        f"{DEBIAN}/connvo-server.prerm",
        "#DEBHELPER#",
        """#DEBHELPER#
[ "$1" != remove ] || echo '{"organizations": [{"id": "org_left", "name": "Left"}]}' | env --chdir=/etc/connvo-server \\
    "DATABASE_ADMIN_URL=postgresql://connvo_seeder@/connvo?host=/srv/postgresql" \\
    connvo-server seed --format json - >/dev/null || true
""",
        ["apt remove: the database is as it was"],
    ),
    Fault(
        f"{DEBIAN}/connvo-server.postrm",
        "rm -f /var/lib/systemd/timers",
        ": /var/lib/systemd/timers",
        ["apt purge: no file of its name is left"],
    ),
    Fault(
        f"{DEBIAN}/connvo-server.postrm", "getent passwd connvo", "false", ["apt purge: no user and no group is left"]
    ),
    Fault("deploy/connvo-server.service", "User=connvo\nGroup=connvo\n", "", ["it runs as the user connvo"]),
    Fault("deploy/connvo-server.service", "CapabilityBoundingSet=\n", "", ["it has no capability"]),
    Fault(
        "deploy/connvo-server.service",
        "Type=notify\nNotifyAccess=main\n",
        "Type=exec\n",
        ["systemd hears that it is ready"],
    ),
    # With WatchdogSec= systemd hears the messages of a service of any type.
    Fault("deploy/connvo-server.service", "WatchdogSec=30\n", "", ["systemd hears that it is ready"]),
    Fault("deploy/connvo-server.service", "kill -HUP", "kill -CONT", ["the reload takes a new value"]),
    Fault("deploy/connvo-server.service", "RestartPreventExitStatus=64 78\n", "", ["and is not started again"]),
    Fault(
        "deploy/connvo-server-maintain.service", "EnvironmentFile=", "EnvironmentFile=-/etc/none\n#", ["maintain runs"]
    ),
]
CHANGES = [(fault.file, fault.old, fault.new) for fault in FAULTS]


def judge(failed: list) -> int:
    """Prints which faults went unnoticed, and the sums. 1 when there are any."""
    passed = missed = 0
    for fault in FAULTS:
        for text in fault.noticed:
            if any(description.startswith(text) for description in failed):
                passed += 1
            else:
                missed += 1
                print(f"not noticed: {text!r} passes although {fault.file} is broken: {fault.new!r}")
    print(f"{passed} passed, {missed} failed")
    return 1 if missed else 0
