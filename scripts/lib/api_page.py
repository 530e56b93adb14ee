"""The page share/api/docs.html, made of openapi.yaml and of two documents: see scripts/openapi."""

import html
import json
import pathlib
import re
import shlex
import sys

from api_errors import Outcome, outcomes, section

SERVER = "http://127.0.0.1:8080"
FOLDER = pathlib.Path(__file__).with_name("api-page")


def fail(message: str):
    sys.exit(f"openapi: {message}")


def escaped(text: str) -> str:
    return html.escape(str(text), quote=True)


def prose(text: str) -> str:
    """The Markdown of descriptions: code, bold, links and rows. A link to another document becomes its text."""
    parts = re.split(r"(`[^`]+`)", " ".join(text.split()))
    rendered = []
    for part in parts:
        if part.startswith("`"):
            rendered.append(f"<code>{escaped(part[1:-1])}</code>")
            continue
        part = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\)", r"\1", part)
        part = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", html.escape(part, quote=False))
        part = re.sub(r"\brow (\d+)", r'<a href="#row-\1">row&nbsp;\1</a>', part).replace("e-mail", "e&#8209;mail")
        rendered.append(part)
    return "".join(rendered)


def paragraphs(text: str) -> str:
    return "".join(f"<p>{prose(paragraph)}</p>\n" for paragraph in text.strip().split("\n\n"))


def route(path: str) -> str:
    """A path that may be broken behind each slash."""
    return "/" + escaped(path[1:]).replace("/", "/<wbr>")


def code(text: str, label: str) -> str:
    """A block to copy. The address of the server in it is marked: the script puts the page's own there."""
    marked = text.replace(escaped(SERVER), f"<var>{SERVER}</var>")
    return f'<figure class="code"><figcaption>{escaped(label)}</figcaption><pre><code>{marked}</code></pre></figure>\n'


def json_text(value) -> str:
    """JSON with its texts marked."""
    text = html.escape(json.dumps(value, indent=2, ensure_ascii=False), quote=False)
    # A text that a colon follows is the name of a member.
    return re.sub(r'"(?:[^"\\]|\\.)*"(:?)', lambda match: match[0] if match[1] else f"<i>{match[0]}</i>", text)


class Page:
    def __init__(self, root: pathlib.Path, document: dict):
        self.root = root
        self.document = document
        self.paths = document["paths"]
        self.run, self.action = (
            next(path for path, item in self.paths.items() if item.get("post", {}).get("operationId") == operation)
            for operation in ("generateParticipantTokenPublic", "action")
        )

    # The document

    def resolved(self, node: dict) -> dict:
        """Without references. What stands beside one holds instead of what it refers to (OpenAPI 3.1)."""
        while "$ref" in node:
            target = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target | {name: value for name, value in node.items() if name != "$ref"}
        return node

    def operations(self, tag: str):
        for path, item in self.paths.items():
            for method, operation in item.items():
                if tag in operation["tags"]:
                    yield path, method.upper(), operation

    def content(self, node: dict) -> dict:
        return self.resolved(node).get("content", {}).get("application/json", {})

    # Fields

    def fields(self, schema: dict, prefix: str = "") -> str:
        schema = self.resolved(schema)
        rows = []
        for name, node in schema.get("properties", {}).items():
            node = self.resolved(node)
            path = f"{prefix}{name}"
            if not node.get("description"):
                fail(f"the field {path} has no description in openapi.yaml")
            required = "required" if name in schema.get("required", []) else "optional"
            # A list of one, or the one.
            inner = self.resolved(node["oneOf"][0]) if "oneOf" in node else node
            shown = escaped(path).replace(".", ".<wbr>")
            rows.append(
                f"<div><dt><code>{shown}</code></dt><dd>{self.type(node)}, {required}</dd>"
                f"<dd>{prose(node['description'])}{self.limits(node)}</dd></div>\n"
            )
            rows.append(self.fields(inner, f"{path}."))
        return "".join(rows)

    def field_list(self, schema: dict) -> str:
        return f'<dl class="fields">\n{self.fields(schema)}</dl>\n'

    def type(self, node: dict) -> str:
        if "const" in node:
            return f"always <code>{escaped(json.dumps(node['const']))}</code>"
        if "enum" in node:
            return "one of " + ", ".join(f"<code>{escaped(json.dumps(value).strip(chr(34)))}</code>" for value in node["enum"])
        if "oneOf" in node:
            return " or ".join(self.type(self.resolved(choice)) for choice in node["oneOf"])
        if node.get("type") == "array":
            return "list of one object" if node.get("maxItems") == 1 else "list"
        return escaped(node.get("type", "any") + (f" ({node['format']})" if "format" in node else ""))

    def limits(self, node: dict) -> str:
        parts = []
        if "pattern" in node:
            parts.append(f"<code>{escaped(node['pattern'])}</code>")
        if "minimum" in node or "maximum" in node:
            parts.append(f"{node.get('minimum', '')} to {node.get('maximum', '')}")
        if node.get("additionalProperties") is False:
            parts.append("No other member is allowed.")
        if node.get("maxProperties") == 0:
            parts.append("No member.")
        if "x-extensible-enum" in node:
            parts.append('Each code is in the list of <a href="#errors">errors</a>.')
        return f'<span class="limits">{" ".join(parts)}</span>' if parts else ""

    # Sections

    def calling(self) -> str:
        scheme = self.document["components"]["securitySchemes"]["bearerAuth"]
        python, _, javascript = re.findall(
            r"```(?:python|js)\n(.*?)```", (self.root / "docs/convex-clients.md").read_text(), re.DOTALL
        )[:3]
        call = self.content(self.paths[self.run]["post"]["requestBody"])["examples"]["documented"]["value"]
        fetch = f"""const response = await fetch("{SERVER}{self.run}", {{
  method: "POST",
  headers: {{ "Content-Type": "application/json", Authorization: `Bearer ${{accessToken}}` }},
  body: JSON.stringify({{ args: {{ meetingId, role: "participant" }} }}),
}});
const body = await response.json();
if (body.status === "success") join(body.value);
else if (body.errorData.code === "SESSION_EXPIRED") await refreshAccessToken();
"""
        return f"""{paragraphs(scheme["description"])}{paragraphs(
            "Both endpoints run the same function, with the same arguments and the same rules. Clients that speak"
            " Convex's protocol call the action endpoint; everything else calls the run endpoint."
        )}{code(self.curl(self.run, call), "curl")}{code(escaped(fetch.rstrip()), "JavaScript")}{
            code(escaped(javascript.rstrip()), "Convex client, JavaScript")}{
            code(escaped(python.rstrip()), "Convex client, Python")}"""

    def curl(self, path: str, body: dict) -> str:
        return escaped("\n".join([
            f"curl --silent --show-error {SERVER}{path} \\",
            '  --header "Authorization: Bearer $TOKEN" \\',
            "  --header 'Content-Type: application/json' \\",
            f"  --data {shlex.quote(json.dumps(body))}",
        ]))

    def endpoint(self, path: str, title: str, anchor: str) -> str:
        operation = self.paths[path]["post"]
        request, granted = self.content(operation["requestBody"]), self.content(operation["responses"]["200"])
        schemas = self.resolved(granted["schema"])
        forms = [self.resolved(form) for form in schemas.get("oneOf", [schemas])]
        if len(forms) == 1:
            forms.append(self.resolved(self.content(operation["responses"]["400"])["schema"]))
        requests = "".join(
            code(json_text(example["value"]), f"Body {example['summary']}".replace("Body the documented request", "Body"))
            for example in request["examples"].values()
        )
        granted_example = code(json_text(granted["examples"]["granted"]["value"]), "200")
        statuses = "".join(
            f"<div><dt>{self.status(status)}</dt><dd>{prose(self.resolved(answer)['description'])}</dd></div>\n"
            for status, answer in operation["responses"].items()
        )
        body = self.resolved(request["schema"])
        return f"""<section id="{anchor}" aria-labelledby="{anchor}-title">
<h2 id="{anchor}-title">{escaped(title)}</h2>
<p class="route"><b>POST</b> <code>{route(path)}</code></p>
{paragraphs(operation["description"])}<h3>Body</h3>
<p>{prose(body["description"])} At most 16 KiB of <code>application/json</code> in UTF-8.</p>
{self.field_list(body)}<div class="examples">
{requests}</div>
<h3>A token</h3>
{self.field_list(forms[0])}{granted_example}<h3>A refusal</h3>
{self.field_list(forms[1])}<p>Each refusal with its body is below: <a href="#errors">Errors</a>.</p>
<h3>Statuses</h3>
<dl class="statuses">
{statuses}</dl>
</section>
"""

    def status(self, status) -> str:
        return f'<span class="status s{str(status)[0]}">{status}</span>'

    # Errors

    def errors(self) -> str:
        known = outcomes(self.root)
        bodies = self.failures()
        missing = [outcome.row for outcome in known if outcome.row not in bodies]
        if missing:
            fail(f"openapi.yaml has no example of rows {missing} of docs/errors.md")
        rows = "".join(self.outcome(outcome, bodies[outcome.row]) for outcome in known)
        details = "".join(f"<li>{prose(line)}</li>\n" for line in section(self.root, "Details"))
        return f"""<p>{prose(
            "A client switches on `errorData.code`: codes are added, never changed. Messages are for people and may change."
            " The first row that applies decides, in the order of the checks. The run endpoint answers rows 6 to 16"
            " with 400, the action endpoint with 200, because Convex clients read no other body."
        )}</p>
<ol class="errors">
{rows}</ol>
<h3>Details</h3>
<ul class="notes">
{details}</ul>
"""

    def failures(self) -> dict[int, dict[str, dict]]:
        """By the number of the row: the bodies, by what they are the answer of."""
        found: dict[int, dict[str, dict]] = {}
        for path, label in ((self.run, "Run endpoint"), (self.action, "Action endpoint")):
            for status, answer in self.paths[path]["post"]["responses"].items():
                answer = self.resolved(answer)
                for example in self.content(answer).get("examples", {}).values():
                    if example["value"]["status"] != "error":
                        continue
                    stated = re.search(r"\(rows? ([\d, and]+)\)", example["summary"])
                    stated = stated or re.search(r"Rows? ([\d, and]+):", answer["description"])
                    for row in map(int, re.findall(r"\d+", stated[1])):
                        bodies = found.setdefault(row, {})
                        bodies.setdefault(f"{label}, {status}", []).append((example["summary"], example["value"]))
        return found

    def outcome(self, outcome: Outcome, bodies: dict) -> str:
        shown = []
        for label, examples in bodies.items():
            for summary, value in examples:
                # One row of docs/errors.md may have two lines, each with its own code.
                if outcome.code not in json.dumps(value) and "errorData" in value:
                    continue
                shown.append((label, value))
        merged: list[tuple[str, dict]] = []
        for label, value in shown:
            same = next((entry for entry in merged if entry[1] == value), None)
            if same:
                merged[merged.index(same)] = (f"{same[0].split(',')[0]} and {label[0].lower()}{label[1:]}", value)
            else:
                merged.append((label, value))
        examples = "".join(code(json_text(value), label) for label, value in merged)
        if not examples:
            fail(f"openapi.yaml has no example of row {outcome.row} with the code {outcome.code}")
        metadata = ", ".join(f"<code>{escaped(name)}</code>" for name in outcome.metadata)
        facts = f"<code>statusCode</code> {outcome.status_code}" + (f", <code>metadata</code>: {metadata}" if metadata else "")
        anchor = f' id="row-{outcome.row}"' if outcome.is_first else ""
        return f"""<li{anchor} data-row="{outcome.row}" data-code="{outcome.code}" data-status="{outcome.status_code}" \
data-metadata="{escaped(' '.join(sorted(outcome.metadata)))}"><details><summary>
<span class="number">{outcome.row}</span>{self.status(outcome.status)}<span class="what"><code>{outcome.code}</code>\
<span class="when">{prose(outcome.when)}</span></span><span class="remedy">{prose(outcome.remedy)}</span>
</summary><p>{facts}</p>
<div class="examples">
{examples}</div></details></li>
"""

    # Headers, other routes

    def headers(self) -> str:
        requests: dict[str, dict] = {
            "Authorization": {"description": "`Bearer`, a space, and the access token. Exactly one."},
            "Content-Type": {"description": "`application/json`; a `charset` other than UTF-8 is refused."},
        }
        answers: dict[str, dict] = {}
        for item in self.paths.values():
            for operation in item.values():
                for parameter in map(self.resolved, operation.get("parameters", [])):
                    requests.setdefault(parameter["name"], parameter)
                for answer in map(self.resolved, operation["responses"].values()):
                    for name, header in answer.get("headers", {}).items():
                        answers.setdefault(name, []).append(self.resolved(header))
        def listed(entries):
            return "".join(
                f"<div><dt><code>{escaped(name)}</code></dt><dd>{' '.join(part for part in parts if part)}</dd></div>\n"
                for name, *parts in entries
            )
        sent = [(name, prose(node.get("description", "Of a preflight, which a browser sends by itself.")))
                for name, node in requests.items()]
        received = []
        for name, nodes in answers.items():
            distinct = [node for i, node in enumerate(nodes) if node not in nodes[:i]]
            if not all(node.get("description") for node in distinct):
                fail(f"the header {name} has no description in openapi.yaml")
            received.append((name, *[prose(node["description"]) + self.value(node["schema"]) for node in distinct]))
        return f"""<h3>Of requests</h3>
<dl class="headers">
{listed(sent)}</dl>
<h3>Of responses</h3>
<dl class="headers">
{listed(received)}</dl>
"""

    def value(self, schema: dict) -> str:
        if "const" in schema:
            return f' <span class="limits"><code>{escaped(schema["const"])}</code></span>'
        if "enum" in schema:
            return '<span class="limits">' + " or ".join(f"<code>{escaped(v)}</code>" for v in schema["enum"]) + "</span>"
        return self.limits(schema)

    def others(self) -> str:
        parts = []
        for tag in self.document["tags"]:
            if tag["name"] == "Meetings":
                continue
            parts.append(f"<h3>{escaped(tag['name'])}</h3>\n{paragraphs(tag['description'])}")
            for path, method, operation in self.operations(tag["name"]):
                answers = []
                for status, answer in operation["responses"].items():
                    answer = self.resolved(answer)
                    if int(status) < 400 or status == "503":
                        examples = [example["value"] for content in answer.get("content", {}).values()
                                    for example in content.get("examples", {}).values()]
                        shown = "".join(f" <code>{escaped(v if isinstance(v, str) else json.dumps(v))}</code>" for v in examples)
                        answers.append(f"{self.status(status)} {prose(answer['description'])}{shown}")
                failures = [status for status in operation["responses"] if int(status) >= 400 and status != "503"]
                answers.append("Also " + ", ".join(failures) + ".")
                parts.append(
                    f'<div class="other"><p class="route"><b>{method}</b> <code>{route(path)}</code></p>\n'
                    f"<p>{escaped(operation['summary'])}. {prose(operation['description'])}</p>\n"
                    f"<ul>{''.join(f'<li>{answer}</li>' for answer in answers)}</ul></div>\n"
                )
        return "".join(parts)

    # The form

    def form(self) -> str:
        arguments = self.resolved(self.document["components"]["schemas"]["Arguments"])["properties"]
        role = self.resolved(arguments["role"])
        formats = {
            path: self.resolved(self.content(self.paths[path]["post"]["requestBody"])["schema"])["properties"]
            for path in (self.run, self.action)
        }
        function = formats[self.action]["path"]["enum"][0]
        example = self.content(self.paths[self.run]["post"]["requestBody"])["examples"]["documented"]["value"]["args"]
        choices = [value for value in formats[self.action]["format"]["enum"] if value]
        def options(values, chosen=None):
            rows = ['<option value="">not sent</option>']
            rows += [f'<option value="{escaped(v)}"{" selected" if v == chosen else ""}>{escaped(v)}</option>' for v in values]
            return "".join(rows)
        def endpoint(path, title, kind, checked=""):
            return (f'<label class="choice"><input type="radio" name="endpoint" value="{kind}" data-path="{escaped(path)}"'
                    f' data-function="{escaped(function)}"{checked}> <span><b>{title}</b> <code>{route(path)}</code></span></label>')
        return (FOLDER / "form.html").read_text().format(
            run=endpoint(self.run, "Run endpoint", "run", " checked"),
            action=endpoint(self.action, "Action endpoint", "action"),
            meeting=escaped(example["meetingId"]),
            meeting_hint=prose(self.resolved(arguments["meetingId"])["description"]),
            role_hint=prose(role["description"]),
            roles=options(role["enum"], example["role"]),
            formats=options(choices),
            request_id_hint=prose(self.document["components"]["parameters"]["X-Request-Id"]["description"]),
        )

    def html(self) -> str:
        info = self.document["info"]
        text = (FOLDER / "page.html").read_text()
        style = re.sub(r"\n\s*", "\n", (FOLDER / "style.css").read_text())
        script = (FOLDER / "script.js").read_text()
        parts = {
            "style": style, "script": script, "title": escaped(info["title"]), "version": escaped(info["version"]),
            "description": paragraphs(info["description"].split("\n\n")[0]), "form": self.form(), "calling": self.calling(),
            "run": self.endpoint(self.run, "The run endpoint", "run"),
            "action": self.endpoint(self.action, "The action endpoint", "action"),
            "errors": self.errors(), "headers": self.headers(), "others": self.others(),
        }
        page = re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], text)
        anchors = set(re.findall(r'\bid="([^"]+)"', page))
        broken = sorted(set(re.findall(r'href="#([^"]+)"', page)) - anchors)
        if broken:
            fail(f"links of the page lead nowhere: {broken}")
        return page
