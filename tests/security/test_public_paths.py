"""Whatever is sent to a public address, no answer is a 5xx, and what docs/api.yml promises holds.

`make test` sends some hundreds of requests to each address; `make fuzz` (EXAMPLES) many more.
"""

from __future__ import annotations

import os
from typing import Any, Dict, Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, settings
from schemathesis.checks import CHECKS

from tests.widget.conftest import Server, free_port

EXAMPLES = int(os.environ.get("EXAMPLES", "20"))
SCHEMA = schemathesis.openapi.from_path("docs/api.yml")
PROFILE = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("fuzz"), free_port(), "self")
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    import requests

    reply = requests.post(f"{server.address}/webhooks/web/session", headers={"Origin": server.address}, timeout=10)
    found: str = reply.json()["token"]
    return found


@SCHEMA.parametrize()
@PROFILE
def test_no_request_breaks_a_public_address(case: Any, server: Server, token: str) -> None:
    headers: Dict[str, str] = {"Origin": server.address}
    if "/web/" in case.path:
        headers["Authorization"] = f"Bearer {token}"
    reply = case.call(base_url=server.address, headers=headers, timeout=10)
    assert reply.status_code < 500, (case.as_curl_command(), reply.status_code, reply.text[:300])
    if reply.status_code < 400:
        case.validate_response(reply, checks=[CHECKS.get_one("response_schema_conformance")])
