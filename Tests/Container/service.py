"""Runs the services of deploy/compose.yaml that have our image, and the pod of deploy/kubernetes, against a PostgreSQL.

main.py starts this with scripts/with-postgres, in a network of its own. Rights, limits, commands, settings and secrets
are those of the file. Only these are others: the URLs name the socket of that PostgreSQL, the network is the one that
this process has, and WorkOS is replaced by a key of development.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request

import yaml

from checks import Checks
from podman import Failed, Podman, run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
CRONJOB = yaml.safe_load((ROOT / "deploy/kubernetes/base/cronjob-maintain.yaml").read_text())
WORK = pathlib.Path(sys.argv[1])
SECRETS, KEYS = WORK / "secrets", WORK / "keys"
USER, MEETING = "user_workos_123", "meeting_123example"
ROUTE = "/api/run/meetings/stream/index/generateParticipantTokenPublic"
DEVELOPMENT = {"WORKOS_ISSUERS": "https://connvo.invalid/development", "WORKOS_JWKS_URL": "file:///keys/jwks.json",
               "ALLOW_DEVELOPMENT_TOKENS": "true"}

podman = Podman(WORK)
check = Checks()


def sql(text, database="connvo"):
    return run("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", f"--dbname={database}", "--command", text).strip()


def wait_for(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.1)


def make_secrets():
    """Those of make-secrets, which does the same for an operator; then the URLs of this PostgreSQL."""
    run(ROOT / "deploy/compose/make-secrets", SECRETS)
    (SECRETS / "stream-api-secret").write_text("0123456789abcdef" * 4)
    for path in SECRETS.glob("*-url"):
        login = re.match(r"postgresql://(\w+):", path.read_text())[1]
        path.write_text(f"postgresql:///connvo?host=/postgresql&port={os.environ['PGPORT']}&user={login}")


def substituted(value):
    """Compose's `${NAME:-default}`, `${NAME:?message}` and `$$`, without an environment."""
    value = re.sub(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)?\}", lambda match: match[1] or "", str(value))
    return value.replace("$$", "$")


def options(name, extra=()):
    """What `podman run` needs to run a service as the file says; then the image and the command."""
    service = COMPOSE["services"][name]
    arguments = ["--network=host", *podman.limits(), f"--volume={os.environ['PGHOST']}:/postgresql:ro"]
    if service["read_only"]:
        # Without podman's own temporary file systems: the program writes nothing.
        arguments += ["--read-only", "--read-only-tmpfs=false"]
    arguments += [f"--cap-drop={capability}" for capability in service["cap_drop"]]
    arguments += [f"--security-opt={option.replace(':true', '')}" for option in service["security_opt"]]
    arguments += [f"--memory={service['mem_limit']}", f"--memory-swap={service['memswap_limit']}", f"--pids-limit={service['pids_limit']}"]
    environment = {key: substituted(value) for key, value in service.get("environment", {}).items()}
    if name == "serve":
        environment.pop("WORKOS_CLIENT_ID")
        environment |= DEVELOPMENT
        arguments.append(f"--volume={KEYS}:/keys:ro")
    for key, value in (environment | dict(extra)).items():
        arguments.append(f"--env={key}={value}")
    for secret in service.get("secrets", []):
        arguments.append(f"--volume={SECRETS / secret}:/run/secrets/{secret}:ro")
    for volume in service.get("volumes", []):
        source, target, mode = substituted(volume).split(":")
        arguments.append(f"--volume={(ROOT / 'deploy' / source).resolve()}:{target}:{mode}")
    if service.get("healthcheck", {}).get("disable"):
        arguments.append("--no-healthcheck")
    if "entrypoint" in service:
        arguments.append("--entrypoint=" + json.dumps(service["entrypoint"]))
    return [*arguments, "stage-runtime", *map(substituted, service.get("command", []))]


def command(name):
    code, output = podman.code("run", "--rm", *options(name), timeout=300)
    check(code == 0, f"{name} ends with 0: {code}\n{output}")


def development_key():
    KEYS.mkdir()
    KEYS.chmod(0o777)
    run(*podman.command, "run", "--rm", "--network=none", *podman.limits(), f"--volume={KEYS}:/keys", "stage-runtime",
        "token", "development-key", "--key", "/keys/key.pem", "--jwks", "/keys/jwks.json")


def health():
    return podman.code("healthcheck", "run", "serve")[0]


def fetch():
    bearer = podman("run", "--rm", "--network=none", *podman.limits(), f"--volume={KEYS}:/keys:ro",
                    "--env=DEVELOPMENT_KEY_FILE=/keys/key.pem", *[f"--env={name}={value}" for name, value in DEVELOPMENT.items()],
                    "stage-runtime", "token", "issue-bearer", "--user", USER).strip()
    environment = os.environ | {"HTTP_PORT": "8080", "ROUTE": ROUTE, "BEARER": bearer, "DEMO_HOST": USER, "DEMO_MEETING": MEETING,
                                "STREAM_API_SECRET_FILE": str(SECRETS / "stream-api-secret")}
    _, identifier, digest = run(sys.executable, ROOT / "scripts/lib/fetch_token.py", env=environment).split()
    recorded = sql("SELECT id, encode(token_sha256, 'hex') FROM connvo.issued_tokens")
    check(recorded == f"{identifier}|{digest}", f"the record of the token: {recorded}")


def serve():
    podman("run", "--detach", "--name=serve", *options("serve"))
    try:
        wait_for(lambda: health() == 0, "the health check is content")
        check(True, "healthy")
        status = podman("exec", "serve", "cat", "/proc/1/status")
        check(re.search(r"^Uid:\s+10001\s+10001\s+10001\s+10001$", status, re.M), "it runs as 10001")
        check(re.search(r"^CapEff:\s+0+$", status, re.M) and re.search(r"^CapBnd:\s+0+$", status, re.M), "without any capability")
        check(re.search(r"^NoNewPrivs:\s+1$", status, re.M), "and gets no privilege")
        check(podman.code("exec", "serve", "/bin/sh", "-c", ": >/etc/connvo-server/x || : >/tmp/x")[0] != 0, "nothing can be written")
        fetch()
        # A database that refuses the login: the process lives, and is not ready.
        sql("ALTER ROLE connvo_server NOLOGIN; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'connvo_server'")
        wait_for(lambda: health() == 1, "the health check notices that the database refuses the login")
        check(podman.code("exec", "serve", "/usr/bin/connvo-server", "healthcheck", "--live")[0] == 0, "it lives without a database")
        sql("ALTER ROLE connvo_server LOGIN")
        wait_for(lambda: health() == 0, "the health check is content again")
        check(True, "healthy again")
        grace = COMPOSE["services"]["serve"]["stop_grace_period"].removesuffix("s")
        podman("stop", f"--time={grace}", "serve")
        state = json.loads(podman("inspect", "serve"))[0]["State"]
        check(state["ExitCode"] == 0 and not state["OOMKilled"], f"SIGTERM ends it with 0: {state['ExitCode']}")
    finally:
        code, log = podman.code("logs", "serve")
        lines = [line for line in log.splitlines() if line.startswith("{")]
        check(lines and all(json.loads(line) for line in lines), f"the log is JSON\n{log[-2000:]}")
        check("0123456789abcdef" not in log, "no secret in the log")


def maintain():
    """The loop of compose.yaml ends at once when it is told; the command of the CronJob takes exit code 2 for success."""
    podman("run", "--detach", "--name=maintain", *options("maintain"))
    wait_for(lambda: sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'connvo_cron'") == "0"
             and podman.code("exec", "maintain", "pidof", "sleep")[0] in (0, 127), "maintain has run")
    time.sleep(1)
    podman("stop", "--time=10", "maintain")
    state = json.loads(podman("inspect", "maintain"))[0]["State"]
    _, log = podman.code("logs", "maintain")
    check(state["ExitCode"] == 0, f"the loop ends with 0: {state['ExitCode']}\n{log}")
    check("maintain ended with" not in log, f"maintain succeeds\n{log}")
    template = CRONJOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["command"]
    for program, wanted in (("/usr/bin/connvo-server maintain", 0), ("exit 2", 0), ("exit 1", 1), ("exit 78", 1)):
        line = template[2].replace("/usr/bin/connvo-server maintain", f"({program})")
        code, output = podman.code("run", "--rm", *options("maintain")[:-2], "--entrypoint=" + json.dumps([*template[:2], line]),
                                   "stage-runtime")
        check(code == wanted, f"the CronJob's command: {program} is {wanted}: {code}\n{output}")


def pod_of(kustomization, kind):
    """The pod that kustomize makes, and the settings and keys of secrets that it names."""
    kubectl = pathlib.Path(sys.executable).parent / "kubectl"
    documents = list(yaml.safe_load_all(run(kubectl, "kustomize", ROOT / "deploy/kubernetes/overlays" / kustomization)))
    named = {(document["kind"], document["metadata"]["name"]): document for document in documents}
    template = next(document["spec"]["template"] for document in documents if document["kind"] == kind)
    return template["spec"], named


def answers(probe, container):
    port = next(entry["containerPort"] for entry in container["ports"] if entry["name"] == probe["httpGet"]["port"])
    url = f"http://127.0.0.1:{port}{probe['httpGet']['path']}"
    try:
        return urllib.request.urlopen(url, timeout=probe["timeoutSeconds"]).status == 200
    except (urllib.error.URLError, OSError):
        return False


def kubernetes():
    """The pod of deploy/kubernetes/overlays/example: its user, rights, limit, settings, files and probes."""
    pod, named = pod_of("example", "Deployment")
    container, context = pod["containers"][0], pod["securityContext"]
    folder = WORK / "pod"
    folder.mkdir()
    folder.chmod(0o755)
    contents = {"database-url": "connvo-server-url", "stream-api-secret": "stream-api-secret"}
    for key in named["Secret", pod["volumes"][0]["secret"]["secretName"]]["stringData"]:
        (folder / key).write_text((SECRETS / contents[key]).read_text() if key in contents else "")
        os.chown(folder / key, 0, context["fsGroup"])
        (folder / key).chmod(pod["volumes"][0]["secret"]["defaultMode"])
    environment = dict(named["ConfigMap", container["envFrom"][0]["configMapRef"]["name"]]["data"])
    environment |= {variable["name"]: variable["value"] for variable in container["env"]}
    del environment["WORKOS_CLIENT_ID"]
    own = container["securityContext"]
    arguments = [f"--user={context['runAsUser']}:{context['runAsGroup']}", f"--group-add={context['fsGroup']}"]
    arguments += ["--read-only", "--read-only-tmpfs=false"] if own["readOnlyRootFilesystem"] else []
    arguments += [f"--cap-drop={capability}" for capability in own["capabilities"]["drop"]]
    arguments += [] if own["allowPrivilegeEscalation"] else ["--security-opt=no-new-privileges"]
    arguments += [f"--memory={container['resources']['limits']['memory'].replace('Mi', 'm')}"]
    arguments += [f"--env={name}={value}" for name, value in (environment | DEVELOPMENT).items()]
    arguments += [f"--volume={folder}:{container['volumeMounts'][0]['mountPath']}:ro", f"--volume={KEYS}:/keys:ro",
                  f"--volume={os.environ['PGHOST']}:/postgresql:ro"]
    podman("run", "--detach", "--name=pod", "--network=host", *podman.limits(), *arguments, "stage-runtime", *container["args"])
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        wait_for(lambda: answers(container[name], container), f"the {name} of the pod succeeds\n{podman.code('logs', 'pod')[1][-2000:]}")
    check(True, "the probes succeed")
    code, output = podman.code("exec", "pod", "connvo-server", "doctor", "--config")
    check(code == 0 and "FAULT" not in output, f"doctor finds no fault in the settings of the pod\n{output}")
    podman("stop", f"--time={pod['terminationGracePeriodSeconds'] - container['lifecycle']['preStop']['sleep']['seconds']}", "pod")
    code = json.loads(podman("inspect", "pod"))[0]["State"]["ExitCode"]
    check(code == 0, f"the pod ends with 0: {code}")


def main():
    make_secrets()
    environment = os.environ | {"SECRETS": str(SECRETS), "POSTGRES_USER": os.environ["PGUSER"]}
    run(ROOT / "deploy/compose/database.sh", env=environment)
    command("migrate")
    for _ in range(2):
        run(ROOT / "deploy/compose/logins.sh", env=environment | {"PGDATABASE": "connvo"})
    command("migrate")
    logins = sql("SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_authid WHERE rolname ~ '^connvo_' AND rolcanlogin "
                 "AND rolpassword LIKE 'SCRAM-SHA-256$%' AND NOT rolsuper AND NOT rolcreaterole")
    check(logins == "connvo_cron connvo_deploy connvo_seeder connvo_server", f"the logins, with passwords: {logins}")
    command("seed")
    development_key()
    serve()
    maintain()
    kubernetes()


try:
    main()
except Failed as failure:
    check(False, str(failure)[-4000:])
print(f"{check.passed} passed, {check.failed} failed")
sys.exit(1 if check.failed else 0)
