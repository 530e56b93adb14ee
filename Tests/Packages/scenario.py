"""What an administrator does with the package, in order."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import machine as machines
import workos
from checks import check, eventually, say
from database import LOGINS, dump, login, prepare_database, sql

ROOT = pathlib.Path(__file__).resolve().parents[2]
ETC = "/etc/connvo-server"
SERVICE, TIMER, MAINTAIN = "connvo-server.service", "connvo-server-maintain.timer", "connvo-server-maintain.service"
SECRET = "a secret of the package test, 44 bytes long."
ROUTE = "/api/run/meetings/stream/index/generateParticipantTokenPublic"
USER, MEETING = "user_workos_123", "meeting_123example"


class Scenario:
    def __init__(self, machine, work, before, after):
        self.machine, self.work = machine, work
        self.before, self.after = before, after
        self.earlier, self.earlier_packages = machine.files(), machine.packages()
        self.records = 0

    def does(self, description, *command, **options):
        result = self.machine.run(*command, **options)
        check(description, result.returncode == 0, result.stdout)
        return result.stdout

    def installs(self, description, package, *options):
        self.machine.place(package, f"/root/{package.name}")
        result = self.machine.apt(*options, "install", f"/root/{package.name}")
        check(description, result.returncode == 0, result.stdout)
        said = result.stdout.replace("dpkg: warning: downgrading", "")
        check(
            f"{description}: apt asks and warns of nothing",
            "dpkg: warning" not in said and "configuration file" not in said.lower(),
            said,
        )

    def state(self, unit=SERVICE):
        return self.machine.run("systemctl", "is-active", unit).stdout.strip()

    def ready(self):
        """Waits for /readyz, as a load balancer does."""
        text = "import sys, urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/readyz?verbose', timeout=2)"
        deadline = time.monotonic() + 40
        while time.monotonic() < deadline:
            if (
                subprocess.run(
                    self.machine.outside(sys.executable, "-c", text), capture_output=True, check=False
                ).returncode
                == 0
            ):
                return True
            time.sleep(0.2)
        return False

    def journal(self):
        return self.machine.run("journalctl", "--unit", SERVICE, "--no-pager", "--lines=30").stdout

    def token(self, description):
        """One token by the public port, compared with its record by SHA-256."""
        if not check(f"{description}: the service is ready", self.ready(), self.journal()):
            return
        (self.work / "secret").write_text(SECRET)
        environment = {
            "HTTP_PORT": "8080",
            "ROUTE": ROUTE,
            "BEARER": workos.bearer(self.work, USER),
            "DEMO_HOST": USER,
            "DEMO_MEETING": MEETING,
            "STREAM_API_SECRET_FILE": str(self.work / "secret"),
        }
        fetched = subprocess.run(
            self.machine.outside(sys.executable, str(ROOT / "scripts/lib/fetch_token.py")),
            text=True,
            check=False,
            capture_output=True,
            timeout=60,
            env=os.environ | environment,
        )
        if not check(f"{description}: a token is issued", fetched.returncode == 0, fetched.stderr + self.journal()):
            return
        token, identity, checksum = fetched.stdout.split()
        self.records += 1
        found = sql(f"SELECT encode(token_sha256, 'hex') FROM connvo.issued_tokens WHERE id = '{identity}'")
        check(f"{description}: its record has its SHA-256", found == checksum, f"{found} and {checksum}")
        count = sql("SELECT count(*) FROM connvo.issued_tokens")
        check(f"{description}: there is no other new record", count == str(self.records), count)
        said = self.does(
            f"{description}: token inspect finds it",
            "connvo-server",
            "token",
            "inspect",
            "-",
            user="connvo",
            folder=ETC,
            input=token,
        )
        check(f"{description}: and compares it", "sha256" in said and "agree" in said, said)

    def settings(self):
        """The files of settings with all that may change about them."""
        found = {}
        for name in [".env", "maintain.env"]:
            path = self.machine.root / f"etc/connvo-server/{name}"
            if path.exists():
                status = path.stat()
                found[name] = (oct(status.st_mode), status.st_uid, status.st_gid, path.read_text())
        return found

    def about(self, path):
        return self.machine.run("stat", "--format=%a %U %G", path).stdout.strip()

    # Its parts, in order

    def install(self):
        """From `apt install` to the first token, with three settings."""
        machine = self.machine
        for program in ["cc", "gcc", "clang", "ld", "swift"]:
            check(f"there is no {program}", machine.run("sh", "-c", f"command -v {program}").returncode != 0)
        began = time.monotonic()
        self.installs("apt installs the package", self.after)
        states = [self.state(unit) for unit in (SERVICE, TIMER, MAINTAIN)]
        check(
            "nothing was started", states == ["inactive"] * 3 and not machine.processes(), (states, machine.processes())
        )
        for unit in [SERVICE, TIMER]:
            enabled = machine.run("systemctl", "is-enabled", unit).stdout.strip()
            check(f"{unit} is not enabled", enabled == "disabled", enabled)
        check(
            ".env is for root and the group", self.about(f"{ETC}/.env") == "640 root connvo", self.about(f"{ETC}/.env")
        )
        check(
            "maintain.env is for root",
            self.about(f"{ETC}/maintain.env") == "600 root root",
            self.about(f"{ETC}/maintain.env"),
        )
        other = machine.run("cat", f"{ETC}/.env", user="nobody")
        check("another user does not read .env", other.returncode != 0, other.stdout)
        shell = machine.run("getent", "passwd", "connvo").stdout
        check(
            "the user is of the system, without login or home",
            re.fullmatch(r"connvo:x:[1-9]\d\d?:\d+:[^:]*:/nonexistent:/usr/sbin/nologin\n", shell),
            shell,
        )

        self.set("DATABASE_URL", login("connvo_server"))
        self.set("STREAM_API_SECRET", f"'{SECRET}'")
        self.set("WORKOS_CLIENT_ID", workos.CLIENT)
        self.does(
            "migrate",
            "connvo-server",
            "migrate",
            folder=ETC,
            environment={"DATABASE_ADMIN_URL": login("connvo_deploy")},
        )
        sql(LOGINS)
        self.does(
            "seed",
            "connvo-server",
            "seed",
            "/usr/share/doc/connvo-server/examples/demo.json",
            folder=ETC,
            environment={"DATABASE_ADMIN_URL": login("connvo_seeder")},
        )
        said = self.does("doctor is content", "connvo-server", "doctor", user="connvo", folder=ETC)
        check("doctor finds no fault", "FAULT" not in said and re.search(r"\b0 faults?\b", said), said)
        self.does("systemctl enable --now", "systemctl", "enable", "--now", SERVICE)
        self.token("installed")
        took = time.monotonic() - began
        check("from apt install to the first token within 60 s", took <= 60, f"{took:.1f} s")
        say(f"from apt install to the first token {took:.1f} s")

    def set(self, name, value):
        """What an administrator does with an editor: the line of the template, without its #, gets a value."""
        path = (
            self.machine.root
            / "etc/connvo-server"
            / ("maintain.env" if "ADMIN" in name or "RETENTION" in name else ".env")
        )
        text, count = re.subn(rf"^#?{name}=.*$", lambda _: f"{name}={value}", path.read_text(), flags=re.M)
        check(f"the template has a line for {name}", count == 1, count)
        path.write_text(text)

    def service(self):
        """What the unit says, by a systemd that runs."""
        machine = self.machine
        process = machine.shown(SERVICE, "MainPID")
        check(
            "systemd hears that it is ready",
            eventually(lambda: machine.shown(SERVICE, "StatusText").startswith("Ready")),
            machine.shown(SERVICE, "StatusText"),
        )
        owner = machine.run("stat", "--format=%U %G", f"/proc/{process}").stdout.strip()
        status = machine.run("cat", f"/proc/{process}/status").stdout
        uid = re.search(r"^Uid:\t(\d+)", status, re.M)[1]
        check("it runs as the user connvo", uid == str(machine.user("connvo")), f"{owner} {uid}")
        check("it has no capability", re.search(r"^CapEff:\t0+$", status, re.M), status)
        check("it is under a filter of system calls", re.search(r"^Seccomp:\t2$", status, re.M), status)
        self.set("TOKENS_PER_MINUTE", "61")
        self.does("systemctl reload", "systemctl", "reload", SERVICE)
        check(
            "the reload takes a new value from .env",
            eventually(lambda: "TOKENS_PER_MINUTE" in self.journal()),
            self.journal(),
        )
        check("and the process stays", machine.shown(SERVICE, "MainPID") == process)
        self.set("DATABASE_ADMIN_URL", login("connvo_cron"))
        self.set("RECORD_RETENTION_MONTHS", "13")
        self.does("the timer is enabled", "systemctl", "enable", "--now", TIMER)
        said = machine.run("systemctl", "start", MAINTAIN)
        check(
            "maintain runs",
            said.returncode == 0 and machine.shown(MAINTAIN, "Result") == "success",
            said.stdout + machine.run("journalctl", "--unit", MAINTAIN, "--no-pager").stdout,
        )
        self.token("maintained")

    def change(self, description, package, *options):
        """An upgrade or a downgrade: while the service runs, and with settings that were edited."""
        machine = self.machine
        settings, process = self.settings(), machine.shown(SERVICE, "MainPID")
        self.installs(description, package, *options)
        check(f"{description}: the settings are kept", self.settings() == settings, (settings, self.settings()))
        check(
            f"{description}: the service was restarted",
            machine.shown(SERVICE, "MainPID") not in ("0", process),
            self.journal(),
        )
        check(
            f"{description}: it is enabled as before",
            machine.run("systemctl", "is-enabled", SERVICE).stdout.strip() == "enabled",
        )
        check(f"{description}: the timer goes on", self.state(TIMER) == "active", self.state(TIMER))
        version = package.name.split("_")[1]
        found = machine.run("dpkg-query", "--show", "--showformat=${Version}", "connvo-server").stdout
        check(f"{description}: the version is {version}", found == version, found)
        self.token(description)

    def change_stopped(self):
        """What is stopped, or deleted, stays so."""
        self.installs("the version before again", self.before, "--allow-downgrades")
        self.does("stopped", "systemctl", "stop", SERVICE)
        (self.machine.root / "etc/connvo-server/maintain.env").rename(self.work / "maintain.env")
        self.installs("upgrade of a stopped service", self.after)
        check(
            "a stopped service stays stopped", self.state() == "inactive" and not self.machine.processes(), self.state()
        )
        check("a deleted file of settings stays deleted", list(self.settings()) == [".env"], list(self.settings()))
        shutil.copy(self.work / "maintain.env", self.machine.root / "etc/connvo-server/maintain.env")
        self.does("started again", "systemctl", "start", SERVICE)

    def remove(self):
        machine = self.machine
        data, settings = dump(), self.settings()
        removed = machine.apt("remove", "connvo-server")
        check("apt remove", removed.returncode == 0, removed.stdout)
        check("apt remove: no process is left", not machine.processes(), machine.processes())
        check("apt remove: the settings are kept", self.settings() == settings)
        check("apt remove: the program is gone", not (machine.root / "usr/bin/connvo-server").exists())
        check("apt remove: the database is as it was", dump() == data)
        self.installs("installed again", self.after)
        check("installed again: with the settings of before", self.settings() == settings)
        check("installed again: nothing was started", self.state() == "inactive", self.state())
        self.does("installed again: started", "systemctl", "start", SERVICE)
        self.token("installed again")

    def purge(self):
        machine = self.machine
        data = dump()
        self.does("a key of the administrator's", "install", "-D", "-m", "640", "/dev/null", f"{ETC}/tls/privkey.pem")
        purged = machine.apt("purge", "connvo-server")
        check("apt purge", purged.returncode == 0, purged.stdout)
        check("apt purge: no process is left", not machine.processes(), machine.processes())
        check(
            "apt purge: no user and no group is left",
            not re.search(
                "^connvo:", (machine.root / "etc/passwd").read_text() + (machine.root / "etc/group").read_text(), re.M
            ),
        )
        left = self.files_of_package()
        check("apt purge: no file of its name is left", not left, left)
        # What came with the package. `apt autoremove` leaves those that other packages recommend.
        others = sorted(machine.packages() - self.earlier_packages)
        swept = machine.apt("purge", *others)
        check(f"purged, too: {' '.join(others)}", swept.returncode == 0 and "ca-certificates" in others, swept.stdout)
        now = machine.files()
        differences = [
            path for path in sorted(now.keys() | self.earlier.keys()) if now.get(path) != self.earlier.get(path)
        ]
        differences = [path for path in differences if not re.match(OF_OTHERS, path)]
        check("apt purge: every other file is as before the installation", not differences, differences)
        check(
            "apt purge: systemd knows none of the units",
            machine.run("systemctl", "list-unit-files", "--no-legend", "connvo*").stdout.strip() == "",
        )
        check("apt purge: the database is as it was", dump() == data)

    def files_of_package(self):
        found = self.machine.run(
            "find", "/", "-xdev", "-name", "*connvo*", "-not", "-path", "/root/*", "-not", "-path", "/proc/*", "-print"
        )
        return [path for path in found.stdout.splitlines() if not path.startswith("/var/lib/apt/")]

    def refuses(self):
        """An installation that must not succeed, or not start."""
        machine = self.machine
        self.installs("installed after the purge", self.after)
        began = machine.run("systemctl", "start", SERVICE)
        check("without settings the service does not start", began.returncode != 0, began.stdout)
        check(
            "and exits with 78",
            machine.shown(SERVICE, "ExecMainStatus") == "78",
            machine.shown(SERVICE, "ExecMainStatus"),
        )
        time.sleep(3)
        check(
            "and is not started again",
            machine.shown(SERVICE, "NRestarts") == "0" and self.state() == "failed",
            self.state(),
        )
        check("its log names what is missing", "WORKOS_CLIENT_ID" in self.journal(), self.journal())
        # A process of the user that systemd did not start.
        other = machine.run("sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $!", user="connvo").stdout.strip()
        refused = machine.apt("purge", "connvo-server")
        check("purge refuses to remove a user with a process", refused.returncode != 0, refused.stdout)
        machine.run("kill", other)
        check("and does it when that has ended", eventually(lambda: not machine.processes()), machine.processes())
        purged = machine.apt("purge", "connvo-server")
        check("purged once more", purged.returncode == 0 and machine.user("connvo") is None, purged.stdout)
        machine.run("useradd", "--uid", "1500", "connvo")
        result = machine.apt("install", f"/root/{self.after.name}")
        check("a person of the name connvo is not taken for the service", result.returncode != 0, result.stdout)


# Files that other packages, and adduser, leave or write anew: ca-certificates has the authority of workos.py.
OF_OTHERS = (
    r"etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|etc/ld\.so\.cache$|root/.*\.deb$"
    r"|etc/ssl(/certs(/[0-9a-f]{8}\.0|/package-test\.pem)?)?$"
)


def run_machine(work, before, after):
    if os.geteuid() != 0:
        say("the machine takes root: skipped")
        return
    archive = machines.base(ROOT / ".build-packages")
    workos.make(work)
    prepare_database()
    machine = machines.Machine(work, archive, os.environ["PGHOST"])
    server = None
    try:
        machine.place(work / "ca.crt", "/usr/local/share/ca-certificates/package-test.crt")
        (machine.root / "etc/hosts").write_text(f"127.0.0.1 localhost {workos.HOST}\n")
        machine.boot()
        server = subprocess.Popen(machine.outside(sys.executable, str(ROOT / "Tests/Packages/workos.py"), str(work)))
        scenario = Scenario(machine, work, before, after)
        for step in [
            scenario.install,
            scenario.service,
            lambda: scenario.change("downgrade", before, "--allow-downgrades"),
            lambda: scenario.change("upgrade", after),
            scenario.change_stopped,
            scenario.remove,
            scenario.purge,
            scenario.refuses,
        ]:
            step()
    finally:
        if server:
            server.terminate()
            server.wait()
        machine.end()
