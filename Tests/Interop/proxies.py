"""Proxies in front of a server: each a child on this machine, with a configuration and files of its own."""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import pytest
from conftest import free_port

# How long each of them keeps an idle connection to the server.
KEEP_ALIVE = 1

# The lines for WebSockets are those of nginx's own manual; "upgrade" would be sent for every request otherwise.
NGINX = """
daemon off;
pid {folder}/pid;
error_log stderr warn;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}
    upstream connvo {{
        server 127.0.0.1:{upstream};
        keepalive 8;
        keepalive_timeout {keep_alive}s;
    }}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 100m;
        proxy_request_buffering {buffering};
        location / {{
            proxy_pass http://connvo;
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
        }}
    }}
}}
"""

HAPROXY = """
global
    maxconn 256
defaults
    mode http
    option forwardfor
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend public
    bind 127.0.0.1:{port}
    default_backend connvo
backend connvo
    http-reuse always
    server connvo 127.0.0.1:{upstream} pool-max-conn 8 pool-purge-delay {keep_alive}s
"""

CADDY = """
{{
    admin off
    auto_https off
    log {{
        level ERROR
    }}
}}
http://:{port} {{
    bind 127.0.0.1
    reverse_proxy 127.0.0.1:{upstream} {{
        transport http {{
            keepalive {keep_alive}s
        }}
    }}
}}
"""

CONFIGURATIONS = {
    # It sends a request when it has all of it.
    "nginx": NGINX.replace("{buffering}", "on"),
    # It sends a request while it receives it.
    "nginx-unbuffered": NGINX.replace("{buffering}", "off"),
    "haproxy": HAPROXY,
    "caddy": CADDY,
}


def command(name: str, configuration: pathlib.Path) -> list[str]:
    # Debian has some of them where only an administrator's PATH leads.
    path = os.pathsep.join((os.environ["PATH"], "/usr/sbin"))
    program = name.removesuffix("-unbuffered")
    found = shutil.which(program, path=path)
    if not found and program == "caddy" and 'PRETTY_NAME="Ubuntu 22.04' in pathlib.Path("/etc/os-release").read_text():
        pytest.skip("Ubuntu 22.04 has no Caddy")
    assert found, f"there is no {program}: scripts/install-dependencies --tests"
    arguments = {
        "nginx": ["-e", "stderr", "-p", str(configuration.parent), "-c", str(configuration)],
        "haproxy": ["-db", "-f", str(configuration)],
        "caddy": ["run", "--adapter", "caddyfile", "--config", str(configuration)],
    }
    return [found, *arguments[program]]


def in_front_of(upstream: int, name: str):
    """Runs a proxy of the port `upstream`; its own port."""
    return running(name, CONFIGURATIONS[name], upstream=upstream, keep_alive=KEEP_ALIVE)


@contextlib.contextmanager
def running(name: str, text: str, **values):
    """Runs a proxy with this configuration, into which the values are put; its own port."""
    with tempfile.TemporaryDirectory(prefix="connvo-proxy-") as folder, contextlib.ExitStack() as stack:
        # nginx that is started as root makes its folders below it for another user.
        os.chmod(folder, 0o711)
        port = free_port()
        configuration = pathlib.Path(folder) / "configuration"
        configuration.write_text(text.format(folder=folder, port=port, **values))
        log = pathlib.Path(folder) / "log"
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_CONFIG_HOME": folder, "XDG_DATA_HOME": folder}
        with log.open("wb") as output:
            process = subprocess.Popen(
                command(name, configuration), cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output,
            )
        stack.callback(end, process)
        for _ in range(1000):
            assert process.poll() is None, log.read_text()
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.01)
        else:
            raise AssertionError(log.read_text())
        yield port


def end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
