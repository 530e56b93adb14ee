"""The description of the API as it is served: /docs in a real browser, /openapi.json against /openapi.yaml."""

import base64
import hashlib
import html.parser
import json
import os
import re
import subprocess
import time

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from conftest import ACTION, FUNCTION, ROOT, another
from openapi_spec_validator import validate
from test_errors_page import table_rows
from test_openapi import DOCUMENT, examples

FILE = ROOT / "share/api/docs.html"
PAGE = FILE.read_text()
WIDTHS = [320, 390, 768, 1280, 1920]
SCHEMES = ["light", "dark"]
HERE = "meeting_123example"


# The files

def test_what_is_made_of_the_document_is_current():
    result = subprocess.run([ROOT / "scripts/openapi", "--check"], capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, ""), result.stdout + result.stderr


def test_json_and_yaml_are_one_document(server):
    from_yaml = yaml.safe_load(server.request("GET", "/openapi.yaml")[1])
    from_json = json.loads(server.request("GET", "/openapi.json")[1])
    validate(from_json)
    assert from_json == from_yaml == DOCUMENT
    # 403.0 and 403 are equal in Python, and are not for Convex clients.
    assert str(from_json) == str(from_yaml)


class Elements(html.parser.HTMLParser):
    """The elements of a page with their attributes, and the texts of its style sheets and scripts."""

    def __init__(self, text: str):
        super().__init__()
        self.found, self.texts, self._inside = [], {"style": [], "script": []}, None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self._inside = tag if tag in self.texts else None
        if self._inside:
            self.texts[tag].append("")

    def handle_data(self, data):
        if self._inside:
            self.texts[self._inside][-1] += data

    def handle_endtag(self, tag):
        self._inside = None


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs_but_the_one_script():
    page = Elements(PAGE)
    assert {name: len(texts) for name, texts in page.texts.items()} == {"style": 1, "script": 1}
    for tag, attributes in page.found:
        assert tag not in {"img", "iframe", "object", "embed", "link", "base", "audio", "video", "source"}
        for name, value in attributes.items():
            assert not name.startswith("on") and name not in {"src", "srcset", "style", "action", "formaction", "ping"}
            if name == "href":
                assert re.fullmatch(r"#[\w-]+|openapi\.(json|yaml)", value), value
    assert not re.search(r"url\(|@import", page.texts["style"][0])
    script = page.texts["script"][0]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|import\(", script)
    assert not re.search(r"localStorage|sessionStorage|indexedDB|document\.cookie|history\.", script)
    ids = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_policy_fits_the_page(server):
    status, text, headers = server.request("GET", "/docs")
    assert (status, text) == (200, PAGE)

    def source(element):
        (content,) = Elements(text).texts[element]
        return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"

    assert headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src {source('style')}; script-src {source('script')}; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )


def properties(node):
    if isinstance(node, dict):
        yield from node.get("properties", {})
        for inner in node.values():
            yield from properties(inner)


def test_every_field_and_every_status_is_on_the_page():
    text = re.sub(r"<[^>]+>", "", PAGE)
    for name in {*properties(DOCUMENT["components"]["schemas"])}:
        assert re.search(rf"(^|\.){name}$", text, re.MULTILINE) or re.search(rf"\b{name}\b", text), name
    for path in DOCUMENT["paths"]:
        assert path in text
    for path in (FUNCTION, ACTION):
        section = PAGE.split(f'id="{"run" if path == FUNCTION else "action"}"')[1].split("</section>")[0]
        for status in DOCUMENT["paths"][path]["post"]["responses"]:
            assert f">{status}</span>" in section


def test_every_row_of_the_errors_has_its_codes_and_examples():
    shown = re.findall(r'<li[^>]* data-row="(\d+)" data-code="(\w+)".*?</li>', PAGE, re.DOTALL)
    assert [(int(row), code) for row, code in shown] == [*table_rows()]
    for item in re.findall(r"<li[^>]* data-row=.*?</li>", PAGE, re.DOTALL):
        assert "<pre>" in item and '<span class="remedy"></span>' not in item
    # And each example of an error is at a row.
    plain = re.sub(r"<[^>]+>", "", PAGE)
    for path, _, _, _, name, _, value in examples():
        if path in (FUNCTION, ACTION) and isinstance(value, dict) and value.get("status") == "error":
            message = json.dumps(value["errorMessage"]).replace("&", "&amp;")
            assert f'"errorMessage": {message}' in plain, name


def test_the_descriptions_can_be_turned_off(server):
    with another(server, HTTP_DOCS="off") as hidden:
        for path in ("/docs", "/openapi.json", "/openapi.yaml"):
            assert hidden.request("GET", path)[0] == 404
    bad = dict(server.environment, HTTP_DOCS="maybe")
    result = subprocess.run([os.environ["CONNVO_BINARY"], "serve"], env=bad, cwd=server.folder, capture_output=True,
                            text=True, timeout=60)
    assert result.returncode != 0 and "HTTP_DOCS" in result.stderr


# In the browser

@pytest.fixture
def opened(chromium, server):
    """Opens the page. Afterwards, nothing must have broken its policy, failed, or been asked of another server."""
    contexts, faults = [], []

    def open_page(width=1280, scheme="light", at=server, bypass_csp=False):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=bypass_csp)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        # That a call is refused is logged by the browser, too.
        page.on("console", lambda message: faults.append(message.text)
                if message.type in ("error", "warning") and "Failed to load resource" not in message.text else None)
        page.on("request", lambda request: faults.append(request.url)
                if not request.url.startswith(at.address + "/") and request.url != "about:blank" else None)
        page.goto(f"{at.address}/docs")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert faults == []


def sent(page, token=None, meeting=None, role=None, endpoint="run"):
    """Fills the form, sends it, and returns the line about the response, and its body."""
    page.check(f"input[name=endpoint][value={endpoint}]")
    if token is not None:
        page.fill("#token", token)
    if meeting is not None:
        page.fill("#meeting", meeting)
    if role is not None:
        page.select_option("#role", role)
    page.click("#send")
    page.wait_for_selector("#send:not([aria-disabled])")
    return page.inner_text("#summary"), page.text_content("#body")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_as_wide_as_its_window(opened, width, scheme):
    page = opened(width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # And nothing in it reaches beyond its place, or scrolls by itself.
    wide = page.evaluate("""() => [...document.querySelectorAll('main *, header *, footer *')].filter(element =>
        element.clientWidth && getComputedStyle(element).display !== 'inline' &&
        (element.scrollWidth > element.clientWidth + 1 || element.getBoundingClientRect().right > innerWidth + 1) &&
        !element.closest('select')).map(element => element.outerHTML.slice(0, 120))""")
    assert wide == []


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", [390, 1280])
def test_axe_finds_nothing(opened, server, width, scheme):
    page = opened(width, scheme, bypass_csp=True)
    sent(page, server.bearer("user_workos_123"))
    page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
    results = Axe().run(page)
    found = {violation["id"]: [node["html"][:160] for node in violation["nodes"][:3]]
             for violation in results.response["violations"]}
    assert found == {}
    assert any(passed["id"] == "color-contrast" for passed in results.response["passes"])


@pytest.mark.parametrize("endpoint", ["run", "action"])
def test_the_form_gets_a_token_and_gives_the_other_one_away_nowhere(opened, server, endpoint):
    page = opened()
    bearer = server.bearer("user_workos_123")
    summary, body = sent(page, f"  Bearer {bearer}\n", endpoint=endpoint)
    assert summary.startswith("200 OK after ") and "A token for user_workos_123, until " in summary
    answer = json.loads(body)
    assert answer["status"] == "success" and answer["value"]["token"].count(".") == 2
    if endpoint == "action":
        assert re.search(r'"expiresAt": \d+\.0,', body)
    assert server.scalar(f"SELECT count(*) FROM connvo.issued_tokens WHERE request_id = '{page.inner_text('#fields code')}'") == "1"
    # In its own field only.
    assert page.input_value("#token").strip() == f"Bearer {bearer}"
    assert bearer not in page.content() and bearer not in page.url
    kept = page.evaluate("""async () => [localStorage.length, sessionStorage.length, document.cookie, history.length > 2,
        (await indexedDB.databases()).length, (await caches.keys()).length]""")
    assert kept == [0, 0, "", False, 0, 0]
    assert page.get_attribute("#token", "type") == "password" and page.get_attribute("#token", "autocomplete") == "off"
    assert page.get_attribute("#token", "name") is None
    page.click("#forget")
    assert page.input_value("#token") == ""
    assert "token" not in page.text_content("#body")


@pytest.mark.parametrize("endpoint", ["run", "action"])
def test_the_command_for_curl_is_the_same_call(opened, server, endpoint):
    page = opened()
    bearer = server.bearer("user_workos_123")
    page.click(".more summary")
    page.fill("#request-id", f"it's-'{endpoint}'")
    sent(page, bearer, endpoint=endpoint, meeting="o'clock $HOME `id`", role="host")
    page.fill("#request-id", f"asked-{endpoint}")
    summary, body = sent(page, endpoint=endpoint, meeting=HERE, role="participant")
    command = page.text_content("#curl")
    assert bearer not in command and "Bearer $TOKEN" in command
    result = subprocess.run(["sh", "-c", command], env={**os.environ, "TOKEN": bearer}, capture_output=True, text=True,
                            timeout=30)
    head, _, text = result.stdout.replace("\r\n", "\n").partition("\n\n")
    assert head.startswith("HTTP/1.1 200 OK") and f"X-Request-Id: asked-{endpoint}" in head
    ours, theirs = json.loads(text)["value"], json.loads(body)["value"]
    assert {**ours, "token": "", "expiresAt": 0} == {**theirs, "token": "", "expiresAt": 0}
    # With what a shell would take for its own.
    page.fill("#meeting", "o'clock $HOME `id` \\")
    result = subprocess.run(["sh", "-c", page.text_content("#curl")], env={**os.environ, "TOKEN": bearer},
                            capture_output=True, text=True, timeout=30)
    assert json.loads(result.stdout.replace("\r\n", "\n").partition("\n\n")[2])["errorData"]["metadata"] == {"field": "meetingId"}


@pytest.mark.parametrize(
    ("user", "meeting", "role", "row", "code"),
    [
        (None, HERE, "", 1, "UNAUTHORIZED"), ("wrong", HERE, "", 2, "INVALID_TOKEN"),
        ("user_workos_123", "", "", 6, "VALIDATION_ERROR"), ("user_nobody", HERE, "", 7, "UNAUTHORIZED"),
        ("user_workos_123", "meeting_nowhere", "", 9, "NOT_FOUND"), ("user_frank_free", HERE, "", 10, "FORBIDDEN"),
        ("user_bob_cohost", "meeting_early", "", 12, "MEETING_NOT_ACTIVE"),
        ("user_bob_cohost", HERE, "host", 15, "INSUFFICIENT_PERMISSIONS"),
    ],
)
@pytest.mark.parametrize("endpoint", ["run", "action"])
def test_a_refusal_is_shown_with_its_row(opened, server, endpoint, user, meeting, role, row, code):
    page = opened()
    bearer = user if user in (None, "wrong") else server.bearer(user)
    summary, body = sent(page, bearer or "", meeting, role, endpoint)
    status = 401 if row < 5 else 200 if endpoint == "action" else 400
    assert summary.startswith(f"{status} ") and code in summary
    assert f"#row-{row}" in [link.get_attribute("href") for link in page.query_selector_all("#summary a")]
    assert json.loads(body)["errorData"]["code"] == code
    if status == 200:
        assert re.search(r'"statusCode": 4\d\d\.0', body)
    shown = page.inner_text("#fields")
    assert "X-Request-Id" in shown
    assert ("WWW-Authenticate" in shown) == (status == 401)
    page.click(f"#summary a[href='#row-{row}']")
    page.wait_for_selector(f"#row-{row} details[open]")


def test_when_to_try_again_is_shown(opened, server, limited):
    page = opened(at=limited)
    bearer = server.bearer("user_carol_participant")
    sent(page, bearer)
    summary, _ = sent(page, bearer)
    assert summary.startswith("429 ") and "RATE_LIMIT_EXCEEDED" in summary
    assert re.search(r"Retry-After\s+\d+", page.inner_text("#fields"))


def test_a_server_that_has_gone_and_a_token_that_no_header_carries_are_told(opened, server):
    with another(server) as second:
        page = opened(at=second)
        summary, body = sent(page, "ключ")
        assert summary.startswith("No response") and "a header cannot carry" in summary and body == ""
        second.stop()
        summary, body = sent(page, "x")
        assert summary.startswith("No response") and "cannot be reached" in summary and body == ""


def test_what_the_server_says_is_text(opened):
    page = opened()
    hostile = '<img src=x onerror="document.title=1">'
    for body in (hostile, json.dumps({"status": "error", "errorMessage": hostile, "errorData": {"code": hostile}}),
                 '{"a":{},"b":[],"c":[{"d":-1.50e3}],"e":"\\"x\\\\"}', "", "null"):
        page.route("**/api/**", lambda route: route.fulfill(status=502, body=body, headers={"x-request-id": hostile}))
        summary, shown = sent(page, "x")
        assert summary.startswith("502 ")
        assert page.query_selector_all("#form img") == []
        if body.startswith("{"):
            assert json.loads(shown) == json.loads(body)
        assert ("-1.50e3" in shown) == ("-1.50e3" in body)
    assert page.title() != "1"


def test_the_token_goes_with_the_page(opened, server):
    page = opened()
    page.fill("#token", "secret")
    page.reload()
    assert page.input_value("#token") == ""
    page.fill("#token", "secret")
    page.goto(f"{server.address}/openapi.json")
    page.go_back()
    assert page.input_value("#token") == ""


def test_a_keyboard_reaches_everything_and_shows_where_it_is(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate("document.activeElement.outerHTML")
    assert {"token", "meeting", "role", "More", "send", "forget", "Copy"} <= reached
    page.focus("#token")
    page.keyboard.press("Enter")
    page.wait_for_selector("#summary .s4:has-text('401')")
    # A second press while the first call is under way sends nothing.
    page.route("**/api/**", lambda route: (time.sleep(0.3), route.continue_()))
    calls = []
    page.on("request", lambda request: calls.append(request.url))
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector("#send:not([aria-disabled])")
    assert len(calls) == 1


def test_each_block_is_copied_as_it_stands(opened, server):
    page = opened()
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for label in ("curl", "Convex client, Python"):
        button = page.locator(f'button[aria-label="Copy: {label}"]')
        button.click()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.strip() and server.address in copied and "127.0.0.1:8080" not in copied
        assert button.inner_text() == "Copied"
    bearer = server.bearer("user_workos_123")
    page.locator('button[aria-label="Copy: curl"]').click()
    command = page.evaluate("navigator.clipboard.readText()")
    result = subprocess.run(["sh", "-c", command], env={**os.environ, "TOKEN": bearer}, capture_output=True, text=True, timeout=30)
    assert json.loads(result.stdout)["status"] == "success"


def test_in_print_there_are_all_examples_and_no_form(opened):
    page = opened()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.is_visible("#try") and not page.is_visible("nav")
    assert page.evaluate("[...document.querySelectorAll('.errors details')].every(details => details.open)")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.evaluate("[...document.querySelectorAll('.errors details')].some(details => details.open)")
