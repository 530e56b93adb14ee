"""What is in the image, compared with what should be."""

import json
import os
import pathlib
import re
import stat

from podman import run

# What the build is told to be built from.
REVISION = "0123456789abcdef0123456789abcdef01234567"
# Packages that the image has beyond those of its base: the libraries of libpq and OpenSSL.
PACKAGES = pathlib.Path(__file__).parent / "packages.txt"
# What is in the image, belongs to no package, and is not in the base.
OURS = {"usr/bin/connvo-server": "755"} | {
    f"usr/share/man/man1/{page.name}": "644" for page in (pathlib.Path(__file__).parents[2] / "share/man").glob("*.1")}
# Made by what packages run when they are installed, and by podman while it builds.
MADE = re.compile(r"etc/hosts|etc/(ssl/certs/.*|ca-certificates\.conf|ld\.so\.cache|ssl/certs)|var/lib/dpkg/.*|var/cache/(ldconfig|debconf|apt)/.*"
                  r"|var/lib/(apt|pam|systemd)/.*")


def files(root):
    """Path, mode and owner of each file and symbolic link below."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = pathlib.Path(folder) / name
            status = path.lstat()
            found[str(path.relative_to(root))] = (status.st_mode, status.st_uid)
    return found


def packages(root):
    text = (root / "var/lib/dpkg/status").read_text()
    return {entry[1] for entry in re.finditer(r"^Package: (\S+)\nStatus: install ok installed", text, re.M)}


def owned(root):
    """What belongs to a package: names with and without usr, because bin and lib are symbolic links."""
    names = set()
    for list_ in (root / "var/lib/dpkg/info").glob("*.list"):
        for line in list_.read_text().splitlines():
            name = line.removeprefix("/")
            names |= {name, "usr/" + name}
    return names


def configuration(podman, image, check):
    """What a container gets without being told."""
    document = json.loads(podman("inspect", image))[0]
    config = document["Config"]
    user = config.get("User", "")
    check(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), f"the user is a number: {user}")
    check(config["Entrypoint"] == ["/usr/bin/connvo-server"] and config["Cmd"] == ["serve"], "the program and `serve`")
    check(config.get("StopSignal") == "SIGTERM", "SIGTERM ends it")
    health = document.get("HealthCheck") or document.get("Healthcheck") or config.get("Healthcheck") or {}
    check(health.get("Test") == ["CMD", "/usr/bin/connvo-server", "healthcheck"], "its own health check")
    check(set(config["ExposedPorts"]) == {"8080/tcp", "8081/tcp"}, "two ports")
    labels = config["Labels"]
    check(labels.get("org.opencontainers.image.version") and labels.get("org.opencontainers.image.revision") == REVISION,
          "labels with version and revision")


def contents(podman, image, base, check):
    """The files that the image has and its base has not."""
    root = pathlib.Path(podman("image", "mount", image).strip())
    below = pathlib.Path(podman("image", "mount", base).strip())
    have, had, ours = files(root), files(below), owned(root)
    added = packages(root) - packages(below)
    expected = set(PACKAGES.read_text().split())
    check(added == expected, f"packages as in packages.txt (too many: {sorted(added - expected)}, missing: {sorted(expected - added)})")
    new = {name for name in have if name not in had and name not in ours and not MADE.fullmatch(name)}
    check(new == set(OURS), f"no file but ours (too many: {sorted(new - set(OURS))}, missing: {sorted(set(OURS) - new)})")
    for name, mode in OURS.items():
        if name in have:
            check(have[name] == (stat.S_IFREG | int(mode, 8), 0), f"/{name} is root's, mode {mode}")
    check(not [name for name, (mode, _) in have.items() if stat.S_ISREG(mode) and mode & 0o6000], "no file with setuid or setgid")
    check(not [name for name, (mode, _) in have.items() if stat.S_ISREG(mode) and mode & 0o002], "no file that every user may write")
    check(not any(name.startswith(("var/lib/apt/lists/", "var/cache/apt/archives/")) for name in have), "no lists of packages")
    program = root / "usr/bin/connvo-server"
    sections = run("readelf", "--section-headers", "--wide", program)
    check(".debug_info" not in sections and ".gnu_debuglink" in sections, "stripped, with a link to its symbols")
    check(program.stat().st_size < 60_000_000, f"less than 60 MB: {program.stat().st_size}")
    podman("image", "unmount", "--all")
    code, output = podman.code("run", "--rm", "--network=none", *podman.limits(), "--entrypoint=/usr/bin/ldd", image, "/usr/bin/connvo-server")
    check(code == 0 and "not found" not in output, f"its libraries are there\n{output if 'not found' in output else ''}")
    code, output = podman.code("run", "--rm", "--network=none", *podman.limits(), image, "--version")
    check(code == 0, f"it starts: {output.strip()}")
    return output.strip()
