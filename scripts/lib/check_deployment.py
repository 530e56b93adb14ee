"""Checks deploy/Dockerfile, deploy/compose.yaml and deploy/kubernetes. scripts/check-deployment runs it."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import kubernetes_validate
import yaml

from checks import Checks

ROOT = pathlib.Path(sys.argv[1])
DEPLOY = ROOT / "deploy"
DOCKERFILE = DEPLOY / "Dockerfile"
COMPOSE = DEPLOY / "compose.yaml"
KUBERNETES = DEPLOY / "kubernetes"
PROGRAMS = pathlib.Path(sys.executable).parent

# The oldest and the newest Kubernetes whose schemas must accept the manifests.
KUBERNETES_VERSIONS = ("1.30", "1.37")
# Kinds of an operator, of which kubernetes-validate has no schema.
KINDS_WITHOUT_SCHEMA = {"PodMonitor"}
# In kubernetes/, but no manifest: values of a Helm chart.
VALUES = {"prometheus-adapter.yaml"}
# What a secret of the example may hold.
PLACEHOLDERS = re.compile(r"(EXAMPLE|)|postgresql://\w+:PASSWORD@db\.example\.com/connvo\?sslmode=verify-full&sslrootcert=\S+")
# From SIGTERM to the end of `serve` at the latest, and a reserve (docs/resilience.md, "How the server ends").
SHUTDOWN = 30

check = Checks(ROOT)


def run(*command, **options):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, **options)
    return result.returncode == 0, result.stdout, (result.stdout + result.stderr).strip()


class Loader(yaml.SafeLoader):
    """Refuses a key that stands twice in one mapping, where YAML would take the last one."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"the key {key} stands twice", node.start_mark)
        return super().construct_mapping(node, deep)


def load(path):
    try:
        return yaml.load(path.read_text(), Loader)
    except (OSError, yaml.YAMLError) as error:
        check(False, path, f"cannot be read: {error}")
        return None


def settings():
    """Every name of the environment that the program takes: settings, and the files of those that are secrets."""
    text = (ROOT / "Sources/connvo-server/Configuration/Setting.swift").read_text()
    names = set(re.findall(r'case \w+ = "([A-Z_]+)"', text))
    example = (ROOT / ".env.example").read_text()
    return names | {name for name in re.findall(r"\b([A-Z_]+_FILE) names a file", example)}


def check_settings(names, where, what):
    known = settings()
    for name in sorted(names):
        check(name in known, where, f"{what}: no such setting: {name}")


def is_pinned(image):
    """Whether it names one version: a digest, or a tag with a date or two numbers at least."""
    return bool(re.search(r"@sha256:[0-9a-f]{64}$|:[^/:]*(\d+\.\d+|\d{8})[^/:]*$", image))


# --- The image


def instructions():
    """The instructions of the Dockerfile, joined lines, without comments: (name, text), stage after stage."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def check_dockerfile():
    good, _, output = run(PROGRAMS / "hadolint", "--no-color", DOCKERFILE)
    check(good, DOCKERFILE, f"hadolint finds faults\n{output}")
    parsed = instructions()
    arguments = dict(text.split("=", 1) for name, text in parsed if name == "ARG" and "=" in text)
    stages = [text for name, text in parsed if name == "FROM"]
    for stage in stages:
        image = re.sub(r"\$\{(\w+)\}", lambda match: arguments.get(match[1], ""), stage.split()[0])
        check(image == "scratch" or is_pinned(image), DOCKERFILE, f"the base is not pinned: {image}")
    last = parsed[max(index for index, (name, _) in enumerate(parsed) if name == "FROM"):]
    values = {name: text for name, text in last}
    check(re.fullmatch(r"[1-9]\d*:[1-9]\d*", values.get("USER", "")), DOCKERFILE, "USER is not the number of a user and of a group")
    for name in ("ENTRYPOINT", "CMD"):
        check(values.get(name, "").startswith('["'), DOCKERFILE, f"{name} is not a list: a shell would get the signals")
    health = values.get("HEALTHCHECK", "")
    check('CMD ["/usr/bin/connvo-server", "healthcheck"' in health, DOCKERFILE, "HEALTHCHECK is not the program's own")
    check(values.get("STOPSIGNAL") == "SIGTERM", DOCKERFILE, "STOPSIGNAL is not SIGTERM")
    label = " ".join(text for name, text in last if name == "LABEL")
    for name in ("title", "description", "version", "revision", "documentation", "base.name"):
        check(f"org.opencontainers.image.{name}=" in label, DOCKERFILE, f"no label {name}")
    environment = {word.split("=")[0] for name, text in last if name == "ENV" for word in text.split()}
    check_settings({name for name in environment if not name.startswith("MALLOC_")}, DOCKERFILE, "ENV")


# --- Compose


def check_compose():
    good, _, output = run(PROGRAMS / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)
    check(good, COMPOSE, f"the schema of the Compose Specification refuses it\n{output}")
    document = load(COMPOSE)
    if not good or document is None:
        return
    services, secrets = document["services"], document.get("secrets", {})
    for name, service in services.items():
        check_service(name, service, document)
    used = {secret for service in services.values() for secret in service.get("secrets", [])}
    check(used == set(secrets), COMPOSE, f"secrets that are declared or used, and not both: {sorted(used ^ set(secrets))}")
    serve = services["serve"]
    grace = re.fullmatch(r"(\d+)s", str(serve.get("stop_grace_period", "10s")))
    check(grace and int(grace[1]) >= SHUTDOWN, COMPOSE, f"serve: stop_grace_period is shorter than {SHUTDOWN}s")
    check_made_secrets(secrets)
    check_observability(services)


def check_service(name, service, document):
    def rule(truth, what):
        check(truth, COMPOSE, f"{name}: {what}")

    image = service.get("image", "")
    ours = image.startswith("connvo-server:")
    rule(ours or is_pinned(image), f"the image is not pinned: {image}")
    rule(service.get("read_only") is True, "the root file system can be written")
    rule(service.get("cap_drop") == ["ALL"] and not service.get("cap_add"), "it has capabilities")
    rule("no-new-privileges:true" in service.get("security_opt", []), "it may get new privileges")
    rule(not service.get("privileged") and "network_mode" not in service and "pid" not in service, "it is not confined")
    rule("mem_limit" in service, "no limit of memory")
    rule("pids_limit" in service, "no limit of processes")
    for port in service.get("ports", []):
        rule(str(port).startswith("127.0.0.1:"), f"published to more than loopback: {port}")
        rule(not str(port).endswith(":8081"), "the admin listener is published")
    for other in service.get("depends_on", {}):
        rule(other in document["services"], f"depends on {other}, which does not exist")
    for network in service.get("networks", []):
        rule(network in document["networks"], f"no such network: {network}")
    if service.get("ports"):
        rule(any(not (document["networks"].get(network) or {}).get("internal") for network in service["networks"]),
             "published, and in no network from which that works")
    environment = service.get("environment", {})
    for variable, value in environment.items():
        if variable.endswith("_FILE") and str(value).startswith("/run/secrets/"):
            secret = value.removeprefix("/run/secrets/")
            rule(secret in service.get("secrets", []), f"{variable} names a secret that it does not get: {secret}")
        rule(not re.search(r"PASSWORD$|SECRET$|_URL$", variable), f"a secret in the environment: {variable}")
    if ours:
        check_settings(environment, COMPOSE, name)
    for volume in service.get("volumes", []):
        source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
        if source.startswith("."):
            rule((DEPLOY / source).exists(), f"no such file: {source}")
            rule(volume.endswith(":ro"), f"mounted, and can be written: {source}")
        else:
            rule(source in document["volumes"], f"no such volume: {source}")


def check_made_secrets(secrets):
    """make-secrets makes each file that is named, readable for the containers, in a folder that is closed."""
    script = DEPLOY / "compose/make-secrets"
    with tempfile.TemporaryDirectory() as parent:
        folder = pathlib.Path(parent) / "secrets"
        for _ in range(2):
            good, _, output = run(script, folder)
            check(good, script, f"fails: {output}")
        made = {path.name for path in folder.iterdir()}
        wanted = {pathlib.Path(secret["file"]).name for secret in secrets.values()}
        check(made == wanted, script, f"made or declared, and not both: {sorted(made ^ wanted)}")
        check(folder.stat().st_mode & 0o777 == 0o700, script, "the folder is open to other users")
        check(all(path.stat().st_mode & 0o004 for path in folder.iterdir()), script, "a container cannot read its secret")
        for path in folder.glob("*-url"):
            password = (folder / path.name.replace("-url", "-password")).read_text()
            check(f":{password}@" in path.read_text() and len(password) == 64, script, f"{path.name} lacks its password")


def check_observability(services):
    with tempfile.TemporaryDirectory() as folder:
        mounted = [volume.split(":")[0] for volume in services["prometheus"]["volumes"] if volume.startswith(".")]
        for source in mounted:
            (pathlib.Path(folder) / pathlib.Path(source).name).write_bytes((DEPLOY / source).read_bytes())
        good, _, output = run("promtool", "check", "config", "prometheus.yml", cwd=folder)
        check(good, COMPOSE, f"promtool refuses the configuration of prometheus\n{output}")
    configuration = load(DEPLOY / "compose/prometheus.yml") or {}
    for job in configuration.get("scrape_configs", []):
        for source in job.get("dns_sd_configs", []):
            check(set(source["names"]) <= set(services), DEPLOY / "compose/prometheus.yml", "scrapes no service of ours")
    datasource = load(DEPLOY / "compose/grafana/datasource.yml") or {}
    check([source["type"] for source in datasource.get("datasources", [])] == ["prometheus"],
          DEPLOY / "compose/grafana/datasource.yml", "not one data source of type prometheus")
    dashboards = load(DEPLOY / "compose/grafana/dashboards.yml") or {}
    path = dashboards["providers"][0]["options"]["path"]
    check(any(f":{path}/" in volume for volume in services["grafana"]["volumes"]),
          DEPLOY / "compose/grafana/dashboards.yml", f"nothing is mounted in {path}")


# --- Kubernetes


def check_kubernetes():
    kustomizations = sorted(KUBERNETES.rglob("kustomization.yaml"))
    check(len(kustomizations) > 3, KUBERNETES, "no kustomizations")
    for path in kustomizations:
        check_folder(path)
        if (load(path) or {}).get("kind") == "Component":
            continue
        good, output, message = run(PROGRAMS / "kubectl", "kustomize", path.parent)
        check(good, path, f"kustomize refuses it: {message}")
        if good:
            check_manifests(path, [document for document in yaml.load_all(output, Loader) if document])
    check_metric()


def check_folder(path):
    """Each file of the folder is used, and each one that is named exists."""
    document = load(path) or {}
    named = {str(entry) for key in ("resources", "components") for entry in document.get(key, [])}
    named |= {patch["path"] for patch in document.get("patches", []) if "path" in patch}
    for name in sorted(named):
        check((path.parent / name).exists(), path, f"no such file: {name}")
    for file in sorted(path.parent.glob("*.yaml")):
        if file.name != "kustomization.yaml" and file.name not in VALUES:
            check(file.name in named, path, f"not used: {file.name}")


def check_manifests(where, documents):
    for document in documents:
        name = f"{document['kind']} {document['metadata']['name']}"
        for version in KUBERNETES_VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
                check(True, where, "")
            except kubernetes_validate.SchemaNotFoundError:
                check(document["kind"] in KINDS_WITHOUT_SCHEMA, where, f"{name}: no such kind in Kubernetes {version}")
            except kubernetes_validate.ValidationError as error:
                place = ".".join(str(part) for part in error.path)
                check(False, where, f"{name}: the schema of Kubernetes {version} refuses {place}: {error.message}")
    kinds = {}
    for document in documents:
        kinds.setdefault(document["kind"], []).append(document)
    templates = [(document, template) for document, template in map(template_of, documents) if template]
    for document, template in templates:
        check_pod(where, document, template, kinds)
    pods = [template for _, template in templates]
    for service in kinds.get("Service", []):
        check_selected(where, service, service["spec"]["selector"], pods, [port["targetPort"] for port in service["spec"]["ports"]])
    for kind in ("PodDisruptionBudget", "PodMonitor"):
        for document in kinds.get(kind, []):
            ports = [endpoint["port"] for endpoint in document["spec"].get("podMetricsEndpoints", [])]
            check_selected(where, document, document["spec"]["selector"]["matchLabels"], pods, ports)
    for policy in kinds.get("NetworkPolicy", []):
        selector = policy["spec"]["podSelector"]
        check("Ingress" in policy["spec"]["policyTypes"] and "Egress" in policy["spec"]["policyTypes"], where,
              f"{policy['metadata']['name']}: one direction is open")
        ports = [port["port"] for rule in policy["spec"]["ingress"] for port in rule.get("ports", [])]
        for rule in policy["spec"]["ingress"]:
            if "admin" in [port["port"] for port in rule.get("ports", [])]:
                check(rule.get("from"), where, f"{policy['metadata']['name']}: the admin port is open")
        if "matchLabels" in selector:
            check_selected(where, policy, selector["matchLabels"], pods, ports)
    if kinds.get("NetworkPolicy"):
        for pod in pods:
            check(any(selects(policy["spec"]["podSelector"], pod) for policy in kinds["NetworkPolicy"]), where,
                  "a pod without a network policy")
    for scaler in kinds.get("HorizontalPodAutoscaler", []):
        target = scaler["spec"]["scaleTargetRef"]["name"]
        deployments = [document for document in kinds.get("Deployment", []) if document["metadata"]["name"] == target]
        check(deployments, where, f"the autoscaler has no Deployment {target}")
        check(all("replicas" not in document["spec"] for document in deployments), where,
              "both the manifest and the autoscaler set the number of pods")
    for deployment in kinds.get("Deployment", []):
        strategy = deployment["spec"]["strategy"].get("rollingUpdate", {})
        check(strategy.get("maxUnavailable") == 0, where, "a rollout takes a pod away before another one is ready")
    for secret in kinds.get("Secret", []):
        for key, value in secret.get("stringData", {}).items():
            check(PLACEHOLDERS.fullmatch(value), where, f"{secret['metadata']['name']}: {key} looks like a real secret")
        check("data" not in secret, where, f"{secret['metadata']['name']} has encoded data")


def template_of(document):
    spec = document.get("spec", {})
    if document["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return document, spec.get("template") if document["kind"] in ("Deployment", "Job", "CronJob") else None


def selects(selector, pod):
    labels = pod["metadata"]["labels"]
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        labels.get(entry["key"]) in entry["values"] for entry in selector.get("matchExpressions", []))


def check_selected(where, document, labels, pods, ports):
    name = f"{document['kind']} {document['metadata']['name']}"
    selected = [pod for pod in pods if selects({"matchLabels": labels}, pod)]
    check(len(selected) == 1, where, f"{name} selects {len(selected)} kinds of pods, not one")
    for pod in selected:
        known = {port["name"] for container in pod["spec"]["containers"] for port in container.get("ports", [])}
        for port in ports:
            check(port in known, where, f"{name}: the pods have no port {port}")


def check_pod(where, document, template, kinds):
    """The restricted standard for pods (Kubernetes, "Pod Security Standards"), and what our program needs."""
    name = f"{document['kind']} {document['metadata']['name']}"

    def rule(truth, what):
        check(truth, where, f"{name}: {what}")

    spec = template["spec"]
    context = spec.get("securityContext", {})
    rule(context.get("runAsNonRoot") is True and context.get("runAsUser", 0) > 0, "it may run as root")
    rule(context.get("seccompProfile", {}).get("type") == "RuntimeDefault", "no filter of system calls")
    rule(spec.get("automountServiceAccountToken") is False, "it gets a token of the Kubernetes API")
    rule(spec.get("enableServiceLinks") is False, "variables of services could be taken for settings")
    rule(not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")), "it is not confined")
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    rule(all(set(volume) <= {"name", "secret", "configMap"} for volume in volumes.values()), "a volume of another kind")
    for container in spec["containers"] + spec.get("initContainers", []):
        own = container.get("securityContext", {})
        rule(own.get("allowPrivilegeEscalation") is False, "it may get new privileges")
        rule(own.get("readOnlyRootFilesystem") is True, "the root file system can be written")
        rule(own.get("capabilities") == {"drop": ["ALL"]}, "it has capabilities")
        rule("memory" in container.get("resources", {}).get("limits", {}), "no limit of memory")
        rule({"cpu", "memory"} <= set(container.get("resources", {}).get("requests", {})), "no requests of resources")
        ports = {port["name"] for port in container.get("ports", [])}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            if document["kind"] == "Deployment":
                rule(container.get(probe, {}).get("httpGet", {}).get("port") in ports, f"{probe} asks no port of it")
        variables = {variable["name"]: variable.get("value", "") for variable in container.get("env", [])}
        check_settings(variables, where, name)
        mounts = {mount["mountPath"]: volumes.get(mount["name"], {}) for mount in container.get("volumeMounts", [])}
        for variable, value in variables.items():
            if variable.endswith("_FILE"):
                folder, _, key = value.rpartition("/")
                secret = mounts.get(folder, {}).get("secret", {}).get("secretName")
                rule(secret, f"{variable} names a file that is not mounted: {value}")
                for document_of_secret in kinds.get("Secret", []):
                    if document_of_secret["metadata"]["name"] == secret:
                        rule(key in document_of_secret["stringData"], f"{secret} has no {key}")
        if kinds.get("Secret"):
            for volume in volumes.values():
                secret = volume.get("secret", {}).get("secretName")
                rule(not secret or secret in [entry["metadata"]["name"] for entry in kinds["Secret"]], f"no secret {secret}")
        for source in container.get("envFrom", []):
            maps = [entry for entry in kinds.get("ConfigMap", []) if entry["metadata"]["name"] == source["configMapRef"]["name"]]
            rule(maps, f"no ConfigMap {source['configMapRef']['name']}")
            for entry in maps:
                check_settings(entry["data"], where, entry["metadata"]["name"])
                numbers = {port["name"]: str(port["containerPort"]) for port in container.get("ports", [])}
                for port, setting in (("http", "HTTP_PORT"), ("admin", "ADMIN_PORT")):
                    rule(port not in numbers or entry["data"].get(setting) == numbers[port], f"{setting} is not its port {port}")
        if document["kind"] == "Deployment":
            pause = container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            rule(pause > 0, "no preStop: the endpoint would leave the load balancers after the listener closes")
            rule(spec.get("terminationGracePeriodSeconds", 30) >= pause + SHUTDOWN, "it is killed before it has ended")


def check_metric():
    """The metric of the autoscaler is made by the adapter's rule, from a metric that the server has."""
    values = KUBERNETES / "components/autoscaling/prometheus-adapter.yaml"
    scaler = load(KUBERNETES / "components/autoscaling/horizontalpodautoscaler.yaml") or {}
    rules = (load(values) or {}).get("rules", {}).get("custom", [])
    made = {rule["name"]["as"] for rule in rules}
    wanted = {metric["pods"]["metric"]["name"] for metric in scaler["spec"]["metrics"] if metric["type"] == "Pods"}
    check(wanted and wanted <= made, values, f"no rule makes {sorted(wanted - made)}")
    declared = (ROOT / "Sources/connvo-server/Observability/ServerMetric.swift").read_text()
    for rule in rules:
        for name in re.findall(r"\bconnvo_\w+", rule["metricsQuery"]):
            check(f'"{name.removesuffix("_bucket")}"' in declared, values, f"no such metric: {name}")
        expression = rule["metricsQuery"].replace("<<.GroupBy>>", "pod").replace("<<.LabelMatchers>>", 'namespace="connvo"')
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump({"groups": [{"name": "adapter", "rules": [{"record": "it", "expr": expression}]}]}, file)
            file.flush()
            good, _, output = run("promtool", "check", "rules", file.name)
        check(good, values, f"promtool refuses the query\n{output}")


PARTS = {"dockerfile": check_dockerfile, "compose": check_compose, "kubernetes": check_kubernetes}
for part in sys.argv[2:] or PARTS:
    PARTS[part]()
print(f"check-deployment: {check.count} checks, {check.faults} faults")
sys.exit(1 if check.faults else 0)
