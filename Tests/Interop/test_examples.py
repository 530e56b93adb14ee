"""The programs of examples/, as a reader runs them: against the server, and against a stub that gives the responses of
openapi.yaml. Of Stream there is only a module with the names of its client, which the browser gets from the network."""

import contextlib
import functools
import http.server
import json
import os
import re
import subprocess
import threading

import jwt
import pytest
from conftest import ROOT, another, free_port
from refusals import HERE
from test_stream_example import answering, response, shown

EXAMPLES = ROOT / "examples"
PROGRAMS = ["get-token.curl.sh", "get-token.sh", "get_token.py"]
CAREFUL = PROGRAMS[1:]
PAGE = (EXAMPLES / "browser/index.html").read_text()


def run(program: str, address: str, bearer: str, wait: int = 30, meeting: str = HERE):
    """Exit code, standard output and standard error."""
    result = subprocess.run(
        [EXAMPLES / program, meeting], capture_output=True, text=True, timeout=120,
        env={"PATH": os.environ["PATH"], "CONNVO_URL": address, "ACCESS_TOKEN": bearer, "WAIT": str(wait)})
    return result.returncode, result.stdout, result.stderr


def value(output: str) -> dict:
    found = json.loads(output)
    return found.get("value", found)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_token_is_printed(server, program):
    code, output, errors = run(program, server.address, server.bearer("user_workos_123"))
    assert (code, errors) == (0, "")
    found = value(output)
    assert found["user"]["id"] == "user_workos_123"
    assert jwt.decode(found["token"], server.secret, algorithms=["HS256"])["user_id"] == "user_workos_123"


@pytest.mark.parametrize("program", CAREFUL)
@pytest.mark.parametrize(
    ("user", "meeting", "code", "said"),
    [
        ("user_frank_free", HERE, 1, "refused: FORBIDDEN"), ("user_workos_123", "meeting_nowhere", 1, "refused: NOT_FOUND"),
        ("user_workos_123", 'with "quotes"', 1, "refused: VALIDATION_ERROR"), (None, HERE, 77, "sign in again: INVALID_TOKEN"),
    ],
)
def test_a_refusal_is_named(server, program, user, meeting, code, said):
    found, output, errors = run(program, server.address, server.bearer(user) if user else "wrong", meeting=meeting)
    assert (found, output) == (code, "") and said in errors and "Traceback" not in errors


def test_curl_prints_a_refusal_and_fails(server):
    code, output, _ = run("get-token.curl.sh", server.address, server.bearer("user_frank_free"))
    assert code == 22 and json.loads(output)["errorData"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize("program", CAREFUL)
def test_a_quota_and_an_outage_of_the_server_are_told_when_they_last_too_long(limited, keyless, program):
    bearer = limited.bearer("user_bob_cohost")
    limited.call(bearer)
    code, output, errors = run(program, limited.address, bearer, wait=0)
    assert (code, output) == (75, "") and re.search(r"try again in \d+ s", errors)
    code, output, errors = run(program, keyless.address, bearer, wait=0)
    assert (code, output) == (75, "") and re.search(r"try again in \d+ s", errors)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", ["quota", "outage"])
def test_what_passes_is_waited_for(program, name):
    with answering(response(name, Retry_After="1"), response("granted")) as (address, bearers):
        code, output, _ = run(program, address, "first")
    assert code == 0 and value(output)["token"] and len(bearers) == 2


@pytest.mark.parametrize("program", CAREFUL)
def test_the_page_of_a_proxy_and_no_server_are_an_outage(program):
    with answering((502, "<html>Bad Gateway</html>", {}), response("granted")) as (address, bearers):
        assert run(program, address, "first")[0] == 0 and len(bearers) == 2
    code, _, errors = run(program, f"http://127.0.0.1:{free_port()}", "first", wait=0)
    assert code == 75 and "try again in " in errors


@pytest.mark.parametrize("program", CAREFUL)
@pytest.mark.parametrize(("name", "code"), [("expired", 77), ("bug", 1), ("notPaid", 1)])
def test_what_stays_is_not_asked_again(program, name, code):
    with answering(response(name)) as (address, bearers):
        assert run(program, address, "first")[0] == code
    assert len(bearers) == 1


# The page

# What the page gets instead of Stream's client: it keeps what it is given.
CLIENT = """
export class StreamVideoClient {
  constructor(options) { window.given = { options, calls: [], ended: [] }; }
  call(type, id) {
    return {
      join: async () => { window.given.calls.push([type, id]); },
      leave: async () => { window.given.ended.push("call"); },
    };
  }
  async disconnectUser() { window.given.ended.push("client"); }
}
"""


@contextlib.contextmanager
def served():
    """The folder of the page on a port of its own: its origin."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    handler = functools.partial(Quiet, directory=EXAMPLES / "browser")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as site:
        thread = threading.Thread(target=site.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{site.server_port}"
        finally:
            site.shutdown()
            thread.join()


@pytest.fixture
def opened(chromium, server):
    """Opens the page and fills its form, with a server that its origin may call: open(user, settings)."""
    with contextlib.ExitStack() as stack:
        origin = stack.enter_context(served())
        faults = []

        def open_page(bearer: str, **settings: str):
            ours = stack.enter_context(another(server, **{"CORS_ORIGINS": origin, **settings}))
            context = stack.enter_context(contextlib.closing(chromium.new_context()))
            page = context.new_page()
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("request", lambda request: faults.append(request.url) if not request.url.startswith(
                (origin, ours.address, "https://esm.sh/@stream-io/video-client@")) else None)
            page.route("https://esm.sh/**", lambda route: route.fulfill(
                content_type="text/javascript", body=CLIENT, headers={"Access-Control-Allow-Origin": "*"}))
            page.goto(origin)
            for name, text in {"server": ours.address, "access": bearer, "meeting": HERE, "key": "key", "call": "c1"}.items():
                page.fill(f"#{name}", text)
            return page, ours

        yield open_page
        assert faults == []


def test_the_page_hands_the_token_of_the_server_to_the_client_of_stream(opened, server):
    page, ours = opened(server.bearer("user_workos_123"))
    with page.expect_request(f"{ours.address}/api/run/**") as asked:
        page.click("#join")
    assert asked.value.post_data_json == {"args": {"meetingId": HERE}}
    page.wait_for_selector("#state:has-text('Joined as')")
    given = page.evaluate("({ ...window.given, later: undefined })")
    assert given["calls"] == [["default", "c1"]]
    options = given["options"]
    assert (options["apiKey"], options["user"]["id"]) == ("key", "user_workos_123")
    later = page.evaluate("window.given.options.tokenProvider()")
    for token in (options["token"], later):
        assert jwt.decode(token, server.secret, algorithms=["HS256"])["user_id"] == "user_workos_123"
    assert later != options["token"]
    page.click("#leave")
    page.wait_for_selector("#state:has-text('Left')")
    assert page.evaluate("window.given.ended") == ["call", "client"]
    # And once more, with a client of its own.
    page.click("#join")
    page.wait_for_selector("#state:has-text('Joined as')")
    assert page.evaluate("window.given.options.token") not in (options["token"], later)


@pytest.mark.parametrize(
    ("user", "said"), [("user_frank_free", "You are not invited to this meeting"), (None, "Sign in again.")])
def test_the_page_says_why_there_is_no_token(opened, server, user, said):
    page, _ = opened(server.bearer(user) if user else "wrong")
    page.click("#join")
    page.wait_for_selector(f"#state:has-text('{said}')")
    assert page.evaluate("window.given") is None and page.is_enabled("#join")


def test_the_page_waits_for_a_quota_and_says_how_long(opened, server):
    bearer = server.bearer("user_carol_participant")
    page, ours = opened(bearer, TOKENS_PER_MINUTE="1")
    ours.call(bearer)
    page.click("#join")
    page.wait_for_selector("#state:has-text('once more in')")
    assert re.search(r"once more in \d+ s\.", page.inner_text("#state")) and not page.is_enabled("#join")


def test_the_page_waits_for_a_server_that_is_away(opened, server):
    page, ours = opened(server.bearer("user_workos_123"))
    ours.stop()
    page.click("#join")
    page.wait_for_selector("#state:has-text('The server cannot be reached; once more in')")


def test_the_page_and_the_readme_ask_in_the_same_way():
    """But for the address and what the page says while it waits."""
    def function(text):
        found = re.search(r"^async function requestToken.*?^}$", text, re.MULTILINE | re.DOTALL)[0]
        found = re.sub(r"\s*(?<!:)//.*", "", found)
        found = re.sub(r"^ *say\(.*\n", "", found, flags=re.MULTILINE)
        return re.sub(r'["`].*/api/run/', "/api/run/", found).replace("Public`", 'Public"')

    assert function(PAGE) == function(shown())
