"""Debian's Prometheus, with the rules of deploy/prometheus and its example of a configuration."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import processes
from processes import ROOT, Failure, free_port, wait_until

RULES = ROOT / "deploy/prometheus"


def program():
    return shutil.which("prometheus")


class Prometheus:
    def __init__(self, folder, targets):
        """`targets` are the admin ports of servers."""
        self.folder, self.port = folder, free_port()
        # Those on the controls need node_exporter, and days of records.
        rules = sorted(file for file in RULES.glob("*.rules.yml") if file.name != "controls.rules.yml")
        text = (RULES / "prometheus.yml").read_text()
        example, rule_files, node = '"127.0.0.1:8081"', '["*.rules.yml"]', "  - job_name: node\n"
        if not all(text.count(part) == 1 for part in (example, rule_files, node)):
            raise Failure("deploy/prometheus/prometheus.yml is not as the drill expects it")
        text = text[:text.index(node)].replace(rule_files, json.dumps([str(file) for file in rules]))
        text = text.replace(example, ", ".join(f'"127.0.0.1:{port}"' for port in targets))
        (folder / "prometheus.yml").write_text(text)

    def start(self):
        with open(self.folder / "prometheus.log", "a") as log:
            self.process = processes.start(
                program(), "--config.file=prometheus.yml", "--storage.tsdb.path=prometheus.data", "--log.level=warn",
                f"--web.listen-address=127.0.0.1:{self.port}", cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)
        wait_until(self.is_ready, 60, "Prometheus is ready")

    def is_ready(self):
        try:
            return self.get("/-/ready")
        except Failure:
            return False

    def end(self):
        processes.end(self.process)

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return response.read()
        except (urllib.error.URLError, OSError) as error:
            raise Failure(f"Prometheus does not answer to {path}: {error}") from error

    def ask(self, path):
        return json.loads(self.get(path))["data"]

    def firing(self):
        """The names of the alerts that fire now."""
        alerts = self.ask("/api/v1/alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def value(self, expression):
        """Of a query with one result; None when there is none."""
        result = self.ask("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))["result"]
        return float(result[0]["value"][1]) if result else None
