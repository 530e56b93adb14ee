"""A Debian 12 that was just installed: made by debootstrap, booted with systemd as its process 1, with no network."""

import os
import pathlib
import shutil
import signal
import subprocess
import time

SUITE = "bookworm"
# Where the PostgreSQL of the tests is inside.
DATABASE = "/srv/postgresql"
# What apt takes from its cache, because there is no network: what the package depends on.
FETCHED = ["adduser", "ca-certificates", "libpq5", "libssl3", "libstdc++6", "zlib1g"]
# What changes on any machine, or is a record of what was done.
CHANGING = (
    "dev",
    "proc",
    "run",
    "srv",
    "sys",
    "tmp",
    "var/cache",
    "var/lib/apt",
    "var/lib/dpkg",
    "var/lib/systemd",
    "var/log",
    "var/tmp",
)


def base(cache: pathlib.Path) -> pathlib.Path:
    """The archive of the installed system; made once, in about a minute and a half, with packages from a mirror."""
    archive = cache / f"{SUITE}.tar"
    if archive.exists():
        return archive
    cache.mkdir(exist_ok=True)
    root = cache / f"{SUITE}.{os.getpid()}"
    print(f"making {archive} with debootstrap", flush=True)
    try:
        command = ["debootstrap", SUITE, root] + (
            [os.environ["DEBIAN_MIRROR"]] if "DEBIAN_MIRROR" in os.environ else []
        )
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        fetch = ["apt-get", "--quiet=2", "--yes", "--download-only", "--reinstall", "install", *FETCHED]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["chroot", root, *fetch], check=True, stdout=subprocess.DEVNULL, env=environment)
        subprocess.run(
            ["tar", "--create", "--numeric-owner", "--xattrs", f"--file={archive}.new", "-C", root, "."], check=True
        )
        os.rename(f"{archive}.new", archive)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return archive


class Machine:
    def __init__(self, work: pathlib.Path, archive: pathlib.Path, database: str):
        self.root = work / "root"
        self.database = database
        self.log = work / "console"
        self.root.mkdir()
        subprocess.run(
            ["tar", "--extract", "--numeric-owner", "--xattrs", f"--file={archive}", "-C", self.root], check=True
        )
        (self.root / "etc/hostname").write_text("packages\n")
        # No login on a console, and nothing that runs by the clock.
        for unit in ["console-getty.service", "getty@.service", "apt-daily.timer", "apt-daily-upgrade.timer"]:
            (self.root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        self.container = None
        self.leader = None
        self.groups = self.control_groups()

    # Its life

    def boot(self):
        with open(self.log, "wb") as log:
            self.container = subprocess.Popen(
                [
                    "systemd-nspawn",
                    f"--directory={self.root}",
                    "--register=no",
                    # Where no systemd runs outside, there is none to ask for a control group.
                    *([] if os.path.isdir("/run/systemd/system") else ["--keep-unit"]),
                    "--private-network",
                    "--console=pipe",
                    f"--bind={self.database}:{DATABASE}",
                    "--boot",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.container.poll() is None:
            children = (
                pathlib.Path(f"/proc/{self.container.pid}/task/{self.container.pid}/children").read_text().split()
            )
            # The first child of systemd-nspawn becomes process 1.
            self.leader = next((pid for pid in children if "systemd" in command_line(pid)), None)
            if self.leader and self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                return
            time.sleep(0.2)
        raise SystemExit(f"the machine does not boot:\n{self.log.read_text(errors='replace')[-3000:]}")

    def end(self):
        if self.container and self.container.poll() is None:
            self.container.send_signal(signal.SIGTERM)
            try:
                self.container.wait(40)
            except subprocess.TimeoutExpired:
                self.container.kill()
                self.container.wait()
        for group in sorted(self.control_groups() - self.groups, key=len, reverse=True):
            try:
                os.rmdir(group)
            except OSError:
                pass

    @staticmethod
    def control_groups() -> set:
        """The control groups that systemd-nspawn makes beside this process's own, where it is in the root of them."""
        found = set()
        for top in pathlib.Path("/sys/fs/cgroup").glob("*/"):
            for name in ["payload", "supervisor"]:
                found |= {folder for folder, _, _ in os.walk(top / name)}
        return found

    # What is done on it

    def run(self, *command, user=None, folder="/", **options) -> subprocess.CompletedProcess:
        """A command on the machine; its output and errors are `stdout`. Its environment is that of a login of root."""
        environment = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LC_ALL": "C.UTF-8",
            "DEBIAN_FRONTEND": "noninteractive",
            "NO_COLOR": "1",
        } | options.pop("environment", {})
        command = [str(word) for word in command]
        if user:
            command = ["runuser", "--user", user, "--", *command]
        return subprocess.run(
            [
                "nsenter",
                f"--target={self.leader}",
                "--mount",
                "--uts",
                "--ipc",
                "--net",
                "--pid",
                "--root",
                "--",
                "sh",
                "-c",
                'cd "$0" && exec "$@"',
                folder,
                *command,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
            timeout=180,
            check=False,
            **({"stdin": subprocess.DEVNULL} if "input" not in options else {}),
            **options,
        )

    def outside(self, *command, **options):
        """What starts a program of the host in the network of the machine."""
        return ["nsenter", f"--target={self.leader}", "--net", "--", *command]

    def apt(self, *arguments):
        return self.run("apt-get", "--yes", "--quiet=2", *arguments)

    def shown(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", unit, f"--property={name}", "--value").stdout.strip()

    def place(self, file: pathlib.Path, path: str):
        target = self.root / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)

    # What is seen on it

    def files(self) -> dict:
        """Every path that does not change by itself; what is in /etc with its contents, owner and mode."""
        found = {}
        for folder, folders, files in os.walk(self.root):
            inside = os.path.relpath(folder, self.root)
            folders[:] = [name for name in folders if os.path.normpath(f"{inside}/{name}") not in CHANGING]
            for name in folders + files:
                path = os.path.normpath(f"{inside}/{name}")
                status = os.lstat(self.root / path)
                about = (oct(status.st_mode), status.st_uid, status.st_gid)
                if (
                    path.startswith("etc/")
                    and os.path.isfile(self.root / path)
                    and not os.path.islink(self.root / path)
                ):
                    about += ((self.root / path).read_bytes(),)
                found[path] = about if path.startswith("etc/") else ()
        return found

    def packages(self) -> set:
        listed = self.run("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n").stdout.splitlines()
        return {line.split()[0] for line in listed if line.endswith(" installed")}

    def processes(self, name="connvo") -> list:
        """The command lines of processes on the machine with NAME in their program's name, or of the user NAME."""
        namespace = os.readlink(f"/proc/{self.leader}/ns/pid")
        user = self.user(name)
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == namespace and (
                    name in os.path.basename(os.readlink(f"/proc/{pid}/exe")) or os.stat(f"/proc/{pid}").st_uid == user
                ):
                    found.append(command_line(pid))
            except OSError:
                pass
        return found

    def user(self, name: str):
        """The number of a user, None without one."""
        lines = (self.root / "etc/passwd").read_text().splitlines()
        return next((int(line.split(":")[2]) for line in lines if line.startswith(f"{name}:")), None)


def command_line(pid) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    except OSError:
        return ""
