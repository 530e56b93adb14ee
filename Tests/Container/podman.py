"""Podman with a storage of its own, as it runs where there is no systemd."""

import os
import pathlib
import resource
import subprocess


class Failed(Exception):
    pass


def run(*command, timeout=600, **options):
    """What a command printed on standard output; raises `Failed` with all that it printed when it fails."""
    command = [str(word) for word in command]
    result = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)
    if result.returncode != 0:
        raise Failed(f"{' '.join(command)} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


class Podman:
    def __init__(self, work):
        self.command = ["podman", f"--root={work}/storage", f"--runroot={work}/run", "--storage-driver=overlay",
                        "--cgroup-manager=cgroupfs", "--events-backend=none", "--runtime=runc", "--log-level=fatal"]

    def __call__(self, *arguments, **options):
        return run(*self.command, *arguments, **options)

    def code(self, *arguments, timeout=60):
        """The exit code, and what was printed."""
        command = [*self.command, *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
        return result.returncode, result.stdout + result.stderr

    def import_image(self, archive, name):
        self("import", "--quiet", archive, name)

    def build(self, dockerfile, target, tag, arguments=(), volumes=(), timeout=600):
        """The bases are only those that were imported. `docker` is the format that has a HEALTHCHECK."""
        options = [f"--build-arg={argument}" for argument in arguments] + [f"--volume={volume}" for volume in volumes]
        return self("build", "--pull=never", "--isolation=chroot", "--network=host", "--format=docker", "--layers", *options,
                    f"--file={dockerfile}", f"--target={target}", f"--tag={tag}",
                    pathlib.Path(__file__).resolve().parent.parent.parent, timeout=timeout)

    def limits(self):
        """Of the process that calls: without CAP_SYS_RESOURCE, nothing may be raised."""
        descriptors = min(resource.getrlimit(resource.RLIMIT_NOFILE)[1], 32768)
        return [f"--ulimit=nofile={descriptors}:{descriptors}", "--ulimit=nproc=1000:1000"]
