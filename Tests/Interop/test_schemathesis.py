"""Schemathesis makes requests from an OpenAPI document and compares the responses with it: ours, and the original one.

The same requests each time: the seed is fixed by `derandomize`.
"""

import hypothesis
import pytest
import schemathesis
from conftest import ACTION, FUNCTION, ROOT
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

# What our own document cannot say, and so is not checked: for each route, the check and why.
NOT_CHECKED = {
    FUNCTION: {
        positive_data_acceptance: "a well-formed request for a meeting that is not there is refused with 400",
    },
    ACTION: {
        positive_data_acceptance: "the same",
        negative_data_rejection: "what the function refuses, wrong arguments included, is 200: see docs/errors.md",
    },
}

# The statuses that the original document does not know, and why they are better than the ones it does.
UNDOCUMENTED = {
    401: "authentication failed; the original document demands authentication and does not say how it fails",
    405: "another method than POST; HTTP's own response, with Allow",
    413: "a body over 16 KiB; the client must send less, not something else",
    415: "another content type than the documented one",
}


def bounded(count: int):
    return hypothesis.settings(
        max_examples=count, derandomize=True, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )


ours = schemathesis.openapi.from_path(ROOT / "openapi.yaml")
original = schemathesis.openapi.from_path(ROOT / "Tests/Interop/original-openapi.yaml")


@pytest.fixture(scope="module")
def credentials(server):
    return {"Authorization": f"Bearer {server.bearer('user_workos_123')}"}


@ours.parametrize()
@bounded(250)
def test_our_own_document(case, server, credentials):
    case.call_and_validate(
        base_url=server.address, headers=credentials, excluded_checks=list(NOT_CHECKED.get(case.path, {}))
    )


@original.parametrize()
@bounded(250)
def test_the_original_document(case, server, credentials):
    response = case.call(base_url=server.address, headers=credentials)
    excluded = [positive_data_acceptance]
    if response.status_code in UNDOCUMENTED:
        excluded += [status_code_conformance, content_type_conformance, response_schema_conformance]
    case.validate_response(response, excluded_checks=excluded, headers=credentials)
