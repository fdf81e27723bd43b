"""Whatever is sent to a public address, no answer is a 5xx, and what docs/api.yml promises holds.

`make test` sends some hundreds of requests to each address; `make fuzz` (EXAMPLES) many more. Schemathesis makes some
of them, at most `FROM_SCHEMA`, out of docs/api.yml. The rest are good requests with changes (`requests.py`), in batches
whose seeds Hypothesis draws: so fast that every address gets as many as one likes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS

from tests.security.requests import PATHS, SETTINGS, Path, make, send_all
from tests.widget.conftest import Server, free_port

EXAMPLES = int(os.environ.get("EXAMPLES", "20"))
FROM_SCHEMA = 1_000  # requests that schemathesis makes at most, which takes it some 10 ms each
BATCH = 250
SCHEMA = schemathesis.openapi.from_path("docs/api.yml")
PROFILE = settings(
    max_examples=min(EXAMPLES, FROM_SCHEMA),
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    verbosity=Verbosity.quiet,
)


class TakesAll(BaseHTTPRequestHandler):
    """Telegram, Meta and Twilio at once: whatever is delivered is taken, or thousands of answers would queue up."""

    protocol_version = "HTTP/1.1"
    answer = json.dumps(
        {"ok": True, "result": {"message_id": 1}, "messages": [{"id": "wamid.1"}], "sid": "SM1"}
    ).encode()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.answer)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the assistant was stopped meanwhile
            self.wfile.write(self.answer)

    do_GET = do_POST  # noqa: N815 (the base class wants this name)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def services() -> Iterator[str]:
    """The address of the chat apps' services."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), TakesAll)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, services: str) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("fuzz"), free_port(), "self")
    running.variables.update(SETTINGS, SCHAKEL_CHANNELS_DATABASE=f"sqlite:///{running.folder / 'channels.db'}")
    running.variables.update({f"SCHAKEL_{name}_API": services for name in ("TELEGRAM", "WHATSAPP", "TWILIO")})
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    return new_token(server)


def new_token(server: Server) -> str:
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


@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.method} {path.path.partition('?')[0]}")
def test_no_change_of_a_good_request_breaks_a_public_address(path: Path, server: Server) -> None:
    counted: "Counter[int]" = Counter()

    @settings(PROFILE, max_examples=max(1, -(-EXAMPLES // BATCH)))
    @given(seed=st.integers(0, 2**64 - 1))
    def send(seed: int) -> None:
        if sum(counted.values()) >= EXAMPLES and EXAMPLES >= BATCH:
            return
        chance = random.Random(seed)
        token = new_token(server)  # a session of its own: a chat of 50,000 messages is no chat
        raws = [make(path, chance, server.address, token) for _ in range(BATCH)]
        for status, raw in asyncio.run(send_all(server.port, raws)):
            counted[status] += 1
            assert status < 500, (status, raw.data[:2_000])

    send()
    name = f"{path.method} {path.path.partition('?')[0]}"
    print(f"\n{name}: {sum(counted.values())} requests, {dict(sorted(counted.items()))}")
    # Some got through, or nothing beyond the door was tried.
    assert any(200 <= status < 400 for status in counted)
