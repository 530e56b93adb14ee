"""Two servers on one database: what one allows, the other counts."""

import concurrent.futures

from conftest import another, psql
from test_rolling_restart import identifier

LIMIT = 10


def test_the_quota_keeps_within_its_bound(server, prepared):
    environment = prepared("seeded")
    database = environment["DATABASE_URL"].removeprefix("postgresql:///")
    settings = {"DATABASE_URL": environment["DATABASE_URL"], "TOKENS_PER_MINUTE": str(LIMIT)}
    with another(server, **settings) as one, another(server, **settings) as two:
        bearer = server.bearer("user_workos_123")
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda number: (one, two)[number % 2].call(bearer), range(80)))
        granted = [body["value"]["token"] for status, body, _ in answers if status == 200]
        assert {status for status, _, _ in answers} == {200, 429}
        # N processes exceed it in a burst by at most N times (docs/configuration.md).
        assert LIMIT <= len(granted) <= 2 * LIMIT
        # Once the records are there, neither lets a request through.
        for each in (one, two):
            status, _, headers = each.call(bearer)
            assert status == 429
            assert int(headers["Retry-After"]) > 0
    assert set(psql(database, "SELECT id FROM connvo.issued_tokens").splitlines()) == set(map(identifier, granted))
