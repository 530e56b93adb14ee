"""Builds the image, looks into it, and runs it. Tests/Container/run starts this in a mount namespace of its own."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import image
from checks import Checks
from podman import Failed, Podman, run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
DOCKERFILE = ROOT / "deploy/Dockerfile"
# Debian 12 as debootstrap makes it, kept for a week.
BASE = ROOT / ".build-container/bookworm.tar"

# Faults that must be found in the image: what is replaced in the Dockerfile, and what must fail then.
FAULTS = [
    ("USER 10001:10001\n", "", "the user is a number"),
    (" libpq5", "", "packages as in packages.txt"),
    ("    && find / -xdev -type f -perm /6000 -exec chmod a-s {} +\n", "    && true\n", "no file with setuid or setgid"),
    ("COPY --from=build /image /\n", "COPY --from=build /image /\nRUN echo x >/etc/connvo.extra\n", "no file but ours"),
    ("COPY --from=build /image /\n", "COPY --from=build --chown=10001:10001 /image /\n", "is root's"),
    ("    && objcopy --strip-unneeded", "    && echo --strip-unneeded", "stripped"),
]

check = Checks()


def say(text):
    print(f"container: {text}", file=sys.stderr, flush=True)


def default_of(argument):
    return re.search(rf"^ARG {argument}=(\S+)$", DOCKERFILE.read_text(), re.M)[1]


def make_base(work):
    if BASE.exists() and BASE.stat().st_mtime > time.time() - 7 * 86400:
        return
    say("debootstrap makes Debian 12")
    BASE.parent.mkdir(exist_ok=True)
    run("debootstrap", "--variant=minbase", "bookworm", work / "base")
    run("tar", "--create", f"--file={BASE}.new", "--directory", work / "base", "--one-file-system", ".")
    os.replace(f"{BASE}.new", BASE)
    shutil.rmtree(work / "base")


def make_compiler(podman, work, compile_):
    """The image that stands for SWIFT_IMAGE; which folders of this machine the build then needs."""
    folder = work / "compiler"
    folder.mkdir()
    volumes = []
    lines = [f"FROM {default_of('DEBIAN_IMAGE')}"]
    if compile_:
        swift = pathlib.Path(shutil.which("swift")).resolve().parent.parent.parent
        volumes += [f"{swift}:{swift}:ro"]
        # Where git is told of copies of the packages on this machine.
        told = subprocess.run(["git", "config", "--get-regexp", r"^url\./.*\.insteadof"], capture_output=True, text=True).stdout
        volumes += [f"{path}:{path}:ro" for path in sorted(set(re.findall(r"^url\.(/\S+?)/?\.insteadof", told, re.M)))]
        if told:
            volumes += ["/etc/gitconfig:/etc/gitconfig:ro"]
        lines += ["RUN apt-get update && apt-get install --yes --no-install-recommends binutils ca-certificates gcc git libc6-dev "
                  "libcurl4 libedit2 libgcc-12-dev libncurses6 libpython3.11 libsqlite3-0 libstdc++-12-dev libxml2 libz3-dev "
                  "tzdata zlib1g-dev", f"ENV PATH={swift}/usr/bin:$PATH"]
    else:
        shutil.copy(os.environ["CONNVO_BINARY"], folder / "connvo-server")
        shutil.copy(HERE / "compiler", folder / "swift")
        lines += ["COPY connvo-server /built/", "COPY swift /usr/bin/swift"]
    (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
    podman("build", "--pull=never", "--isolation=chroot", "--network=host", f"--tag={default_of('SWIFT_IMAGE')}", folder)
    return volumes


def context_files():
    """What the build must find: the sources of all targets, and what the plugin embeds."""
    names = run("git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard").split()
    kept = re.compile(r"Package\.swift|(Tests/Oracles/)?dependencies\.lock|scripts/lock-dependencies|(Plugins|Sources|share/(api|man)|sql/migrations)/.*|sql/(roles\.sql|fingerprint\.txt)"
                      r"|Tests/(\w+Tests|HostileTokens|TestSupport)/.*|docs/[^/]*\.md|(README|CHANGELOG)\.md|openapi\.yaml")
    return {name for name in names if kept.fullmatch(name)}


def check_context(podman):
    listed = podman("run", "--rm", "--network=none", *podman.limits(), "--entrypoint=/usr/bin/find", "stage-build", "/src",
                    "-path", "/src/.build", "-prune", "-o", "(", "-type", "f", "-o", "-type", "l", ")", "-printf", "%P\n").split()
    sent, wanted = set(listed) - {"Package.resolved"}, context_files()
    check(sent == wanted, f"the context is what .dockerignore should let through "
          f"(too much: {sorted(sent - wanted)[:5]}, missing: {sorted(wanted - sent)[:5]})")


def prove(podman):
    """Each fault in the Dockerfile must be found by a check that then fails."""
    for old, new, wanted in FAULTS:
        text = DOCKERFILE.read_text()
        check(old in text, f"a Dockerfile with: {old}")
        findings = []
        with tempfile.NamedTemporaryFile("w", suffix=".Dockerfile") as file:
            file.write(text.replace(old, new))
            file.flush()
            podman.build(file.name, "runtime", "broken", [f"REVISION={image.REVISION}"])
        note = lambda truth, what: findings.append(what) if not truth else None  # noqa: E731
        image.configuration(podman, "broken", note)
        image.contents(podman, "broken", default_of("DEBIAN_IMAGE"), note)
        check(any(wanted in finding for finding in findings), f"the fault is found: {new!r} (found: {findings})")


def main():
    compile_ = "--compile" in sys.argv
    work = pathlib.Path(tempfile.mkdtemp(prefix="connvo-container.", dir="/tmp"))
    try:
        podman = Podman(work)
        make_base(work)
        podman.import_image(BASE, default_of("DEBIAN_IMAGE"))
        volumes = make_compiler(podman, work, compile_)
        say("building deploy/Dockerfile")
        for target in ("build", "symbols", "runtime"):
            podman.build(DOCKERFILE, target, f"stage-{target}", [f"REVISION={image.REVISION}"], volumes, timeout=3000)
        check_context(podman)
        say("looking into the image")
        image.configuration(podman, "stage-runtime", check)
        version = image.contents(podman, "stage-runtime", default_of("DEBIAN_IMAGE"), check)
        if compile_:
            check(image.REVISION[:12] in version, f"the program names its commit: {version}")
        elif "--without-proof" not in sys.argv:
            say("breaking it")
            prove(podman)
        say("running it as deploy/compose.yaml says")
        # Without IPv6, as containers mostly are, and in a network where no other program listens.
        script = 'ip link set lo up && sysctl --quiet --write net.ipv6.conf.all.disable_ipv6=1 && exec "$@"'
        result = subprocess.run(
            ["unshare", "--net", "sh", "-c", script, "sh", ROOT / "scripts/with-postgres", sys.executable, "-B", HERE / "service.py", work],
            timeout=600, stdout=subprocess.PIPE, text=True)
        counted = re.search(r"(\d+) passed, (\d+) failed\n\Z", result.stdout)
        print(result.stdout[:counted.start()] if counted else result.stdout, end="")
        check(counted and result.returncode == 0, "the services run")
        total = [check.passed + int(counted[1] if counted else 0), check.failed + int(counted[2] if counted else 0)]
    except Failed as failure:
        check(False, str(failure)[-4000:])
        total = [check.passed, check.failed]
    finally:
        subprocess.run(Podman(work).command + ["rm", "--all", "--force"], capture_output=True)
        subprocess.run(["umount", "--recursive", "--lazy", work / "storage/overlay"], capture_output=True)
        shutil.rmtree(work, ignore_errors=True)
    print(f"{total[0]} passed, {total[1]} failed")
    return 1 if total[1] else 0


sys.exit(main())
