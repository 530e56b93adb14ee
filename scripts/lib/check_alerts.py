"""Compares alerts, their tests, the dashboard and the runbooks with each other and with the metrics that the server has.
scripts/check-alerts runs it.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

from checks import Checks

ROOT = pathlib.Path(sys.argv[1])
FOLDER = ROOT / "deploy/prometheus"
DASHBOARD = ROOT / "deploy/grafana/connvo-server.json"
RUNBOOKS = ROOT / "docs/runbooks.md"
METRICS = ROOT / "Sources/connvo-server/Observability/ServerMetric.swift"
CONTROLS = FOLDER / "connvo-controls"

# Used before the server has them. Remove a name with the change that adds the metric.
COMING = set()
# What a section of an alert has, each once and in this order.
PARTS = ["Means", "Users notice", "Look first", "Causes", "Remedy", "Escalate"]
# How a name begins that is a metric of ours or of our process.
OURS = re.compile(r"\b(?:connvo_|http_server_|process_|metric_series_)[a-z0-9_]+\b")
NO_METRICS = {
    "connvo_app", "connvo_admin", "connvo_maintainer", "connvo_reporter", "connvo_owner", "connvo_controls", "connvo_cron",
    "connvo_server",
}
LONGEST_WAIT = 120  # seconds for which a page may wait: with the scrape and the window it must come within two minutes

check = Checks(ROOT)


def promtool(*arguments, folder=FOLDER):
    result = subprocess.run(["promtool", *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    return result.returncode == 0, (result.stdout + result.stderr).strip()


def known_metrics():
    """Every name that a sample of the server or of the controls can have."""
    text = METRICS.read_text()
    declared = dict(re.findall(r'^    case (\w+) = "(\w+)"$', text, re.MULTILINE))
    histograms = set()
    for cases, kind in re.findall(r"case ((?:\.\w+,?\s*)+):\s*\(\s*(seconds|\.\w+)", text):
        if kind in ("seconds", ".histogram"):
            histograms |= set(re.findall(r"\w+", cases))
    check(len(declared) > 20 and histograms, METRICS, "the declarations of metrics are not understood")
    names = set(re.findall(r"# TYPE (\w+)", CONTROLS.read_text())) | {"metric_series_refused_total"}
    for case, name in declared.items():
        if case in histograms:
            names |= {name + suffix for suffix in ("_bucket", "_sum", "_count")}
        else:
            names.add(name)
    for name in sorted(COMING):
        check(name not in names, METRICS, f"{name} exists: remove it from COMING in scripts/lib/check_alerts.py")
    return names | COMING, {declared[case] for case in histograms}


def check_names(text, known, where):
    for name in sorted(set(OURS.findall(text)) - NO_METRICS):
        check(name in known, where, f"no such metric: {name}")


def seconds(duration):
    factors = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    return sum(int(count) * factors[unit] for count, unit in re.findall(r"(\d+)([smhd])", duration))


def check_rules(known):
    alerts = {}
    recorded = set()
    for file in sorted(FOLDER.glob("*.rules.yml")):
        passed, output = promtool("check", "rules", file.name)
        check(passed, file, "promtool check rules: " + output)
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                check_names(rule["expr"], known, file)
                if "record" in rule:
                    recorded.add(rule["record"])
                    continue
                name = rule["alert"]
                check(name not in alerts, file, f"{name} is declared twice")
                alerts[name] = file
                severity = rule.get("labels", {}).get("severity")
                check(severity in ("page", "ticket"), file, f"{name}: severity is neither page nor ticket")
                check(severity != "page" or seconds(rule.get("for", "0s")) <= LONGEST_WAIT, file, f"{name} pages too late")
                annotations = rule.get("annotations", {})
                check(annotations.get("summary"), file, f"{name} has no summary")
                link = f"docs/runbooks.md#{name.lower()}"
                check(annotations.get("runbook_url") == link, file, f"{name}: runbook_url is not {link}")
    check(alerts, FOLDER, "no alerts")
    return alerts, recorded


def check_tests(alerts):
    fires, silent = set(), set()
    for file in sorted(FOLDER.glob("*.test.yml")):
        passed, output = promtool("test", "rules", file.name)
        check(passed, file, "promtool test rules: " + output)
        for test in yaml.safe_load(file.read_text())["tests"]:
            for expectation in test["alert_rule_test"]:
                (fires if expectation["exp_alerts"] else silent).add(expectation["alertname"])
    for name, file in alerts.items():
        check(name in fires, file, f"no test in which {name} fires")
        check(name in silent, file, f"no test in which {name} does not fire")
    for name in sorted((fires | silent) - alerts.keys()):
        check(False, FOLDER, f"a test of an alert that does not exist: {name}")


def check_runbooks(alerts, known, histograms):
    text = RUNBOOKS.read_text()
    sections = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    names = [section.split("\n", 1)[0].strip() for section in sections]
    for name, file in alerts.items():
        check(names.count(name) == 1, file, f"{name} has {names.count(name)} sections in docs/runbooks.md, not one")
    for name, section in zip(names, sections):
        check(name in alerts, RUNBOOKS, f"a section of an alert that does not exist: {name}")
        parts = re.findall(r"^\*\*(.+?)\.\*\*", section, re.MULTILINE)
        check(parts == PARTS, RUNBOOKS, f"{name}: the parts are {parts}, not {PARTS}")
        check("```" in section, RUNBOOKS, f"{name}: no command to look with")
    check_names(check_searches(text, known), known | histograms, RUNBOOKS)


def alternatives(pattern):
    """The texts that a pattern of letters, groups and alternatives stands for."""
    parts, depth, start = [], 0, 0
    for index, character in enumerate(pattern):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            parts.append(pattern[start:index])
            start = index + 1
    if parts:
        return [text for part in [*parts, pattern[start:]] for text in alternatives(part)]
    if "(" not in pattern:
        return [pattern]
    opening = pattern.index("(")
    depth = 0
    for index in range(opening, len(pattern)):
        depth += (pattern[index] == "(") - (pattern[index] == ")")
        if depth == 0:
            break
    inside, after = alternatives(pattern[opening + 1:index]), alternatives(pattern[index + 1:])
    return [pattern[:opening] + middle + end for middle in inside for end in after]


def check_searches(text, known):
    """A search of a scrape finds something with each of its alternatives. Returns the text without the searches."""
    searches = re.compile(r":8081/metrics \| grep -E '([^']*)'")
    for pattern in searches.findall(text):
        for name in alternatives(pattern):
            check(any(name in metric for metric in known), RUNBOOKS, f"a search that finds no metric: {name}")
    return searches.sub("", text)


def panels(board):
    for panel in board["panels"]:
        yield panel
        yield from panel.get("panels", [])


def check_dashboard(known, recorded):
    """Each expression, with its variables replaced, has to be one that Prometheus can parse."""
    board = json.loads(DASHBOARD.read_text())
    rules = []
    values = {"__rate_interval": "1m", "__interval": "15s", "__range": "1h"}
    values |= {variable["name"]: "any" for variable in board["templating"]["list"]}
    ids = [panel["id"] for panel in panels(board)]
    check(len(ids) == len(set(ids)), DASHBOARD, "two panels have one id")
    for panel in panels(board):
        check(panel["type"] == "row" or panel.get("targets"), DASHBOARD, f"{panel['title']}: no expression")
        for target in panel.get("targets", []):
            expression = target["expr"]
            used = re.findall(r"\$\{?(\w+)\}?", expression)
            for name in used:
                check(name in values, DASHBOARD, f"{panel['title']}: no such variable: {name}")
            check_names(expression, known, DASHBOARD)
            for name in re.findall(r"\bconnvo:[a-z0-9_:]+", expression):
                check(name in recorded, DASHBOARD, f"{panel['title']}: no rule records {name}")
            plain = re.sub(r"\$\{?(\w+)\}?", lambda match: values.get(match[1], "any"), expression)
            rules.append({"record": f"panel:{panel['id']}:{target['refId']}", "expr": plain})
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "panels.yml"

        def parses(rules):
            path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
            return promtool("check", "rules", path.name, folder=folder)

        # One by one only to find which one is wrong: each takes a process.
        all_parse, _ = parses(rules)
        for rule in rules:
            passed, output = (True, "") if all_parse else parses([rule])
            check(passed, DASHBOARD, f"{rule['expr']}: {output}")


def main():
    known, histograms = known_metrics()
    alerts, recorded = check_rules(known)
    check_tests(alerts)
    check_runbooks(alerts, known, histograms)
    check_dashboard(known, recorded)
    passed, output = promtool("check", "config", "prometheus.yml")
    check(passed, FOLDER / "prometheus.yml", "promtool check config: " + output)
    print(f"check-alerts: {len(alerts)} alerts, {check.count} checks, {check.faults} faults")
    return check.faults > 0


sys.exit(main())
