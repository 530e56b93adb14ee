"""What Prometheus reads from the server: by its own checker, and by its client library's parser."""

import http.client
import json
import subprocess
import time
import urllib.request

from prometheus_client.parser import text_string_to_metric_families

from conftest import FUNCTION, Server, free_port

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def scrape(server):
    with urllib.request.urlopen(f"http://127.0.0.1:{server.admin_port}/metrics", timeout=10) as response:
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return response.read().decode()


def samples(text):
    """All samples, by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(found, name, **labels):
    """The sum of the samples of this name that have these labels."""
    return sum(
        value for (sample, have), value in found.items() if sample == name and set(labels.items()) <= set(have)
    )


def started(server):
    admin = str(free_port())
    measured = Server(server.folder, server.database, ADMIN_PORT=admin, LOG_FORMAT="json")
    measured.start()
    return measured


def test_metrics_agree_with_what_was_asked(server):
    measured = started(server)
    try:
        host = measured.bearer("user_workos_123")
        before = samples(scrape(measured))
        records = int(measured.scalar("SELECT count(*) FROM connvo.issued_tokens"))
        for _ in range(7):
            assert measured.call(host)[0] == 200
        for _ in range(3):
            assert measured.call("not a token")[0] == 401
        assert measured.call(host, {"args": {}})[0] == 400
        assert measured.request("GET", "/nothing")[0] == 404
        text = scrape(measured)
        after = samples(text)

        def grown(name, **labels):
            return total(after, name, **labels) - total(before, name, **labels)

        assert grown("connvo_tokens_issued_total") == 7
        assert int(measured.scalar("SELECT count(*) FROM connvo.issued_tokens")) == records + 7
        assert grown("connvo_authentication_failures_total") == 3
        assert grown("connvo_requests_rejected_total", code="VALIDATION_ERROR") == 1
        durations = "http_server_request_duration_seconds_count"
        assert grown(durations, http_route=FUNCTION, http_response_status_code="200") == 7
        assert grown(durations, http_route=FUNCTION, http_response_status_code="401") == 3
        assert grown(durations, http_route="unmatched", http_response_status_code="404") == 1
        assert grown("connvo_queue_wait_seconds_count") == 7
        assert 1 <= grown("connvo_batch_size_count") <= 7
        assert grown("connvo_batch_size_sum") == 7
        assert total(after, "connvo_ready") == 1
        assert total(after, "connvo_key_set_keys") >= 1
        assert 0 <= total(after, "connvo_key_set_age_seconds") < 600
        assert total(after, "connvo_database_connections", state="idle") >= 1
        assert total(after, "http_server_open_connections", listener="admin") >= 1
        assert total(after, "http_server_active_requests", listener="public") == 0
        assert total(after, "connvo_partition_margin_seconds") > 20 * 86_400
        assert total(after, "connvo_rollup_age_seconds") > 0
        assert abs(total(after, "connvo_clock_difference_seconds")) < 5
        assert total(after, "process_resident_memory_bytes") > 1e7
        assert total(after, "process_cpu_seconds_total") > 0
        assert abs(total(after, "process_start_time_seconds") - time.time()) < 600
        assert total(after, "process_open_fds") >= 10
        assert total(after, "process_threads") >= 4

        checked = subprocess.run(
            ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    finally:
        measured.stop()


def test_the_public_listener_shows_no_metrics(server):
    assert server.get("/metrics")[0] == 404


def test_each_refusal_has_its_access_line_with_its_trace(server):
    measured = started(server)
    try:
        connection = http.client.HTTPConnection("127.0.0.1", measured.port, timeout=30)
        for number in range(30):
            connection.request(
                "POST", FUNCTION, "{}",
                {
                    "Content-Type": "application/json", "Authorization": "Bearer x", "X-Request-Id": f"trace-{number}",
                    "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01",
                },
            )
            response = connection.getresponse()
            response.read()
            assert response.status == 401
        deadline = time.monotonic() + 10
        lines = []
        while len(lines) < 30 and time.monotonic() < deadline:
            log = "".join(path.read_text() for path in measured.folder.glob("log-*"))
            lines = [line for line in map(json.loads, log.splitlines()) if line.get("trace_id") == TRACE]
        assert [line["request_id"] for line in lines] == [f"trace-{number}" for number in range(30)]
        for line in lines:
            assert line["message"] == "Answered a request"
            assert (line["method"], line["route"], line["status"]) == ("POST", FUNCTION, 401)
            assert line["outcome"] == "unauthenticated"
            assert 0 <= line["duration_ms"] < 10_000
    finally:
        measured.stop()
