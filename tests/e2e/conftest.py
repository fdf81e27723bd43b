"""The really running pair of servers, on free ports, started once for all tests that talk to it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Tuple
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from shop.settings import Environment
from tests.e2e.running import environment_in, started

Messages = List[Dict[str, Any]]


class Assistant:
    """A client of the REST channel, as a shop's own client would be."""

    def __init__(self, environment: Environment) -> None:
        self.address = f"http://{environment.host}:{environment.port}"

    def post(self, body: bytes, path: str = "/webhooks/rest/webhook") -> Tuple[int, Any]:
        request = Request(self.address + path, body, {"Content-Type": "application/json"})
        try:
            with urlopen(request, timeout=60) as reply:
                return reply.status, json.load(reply)
        except HTTPError as error:
            return error.code, json.load(error)

    def get(self, path: str) -> Tuple[int, str, Dict[str, str]]:
        try:
            with urlopen(self.address + path, timeout=60) as reply:
                return reply.status, reply.read().decode(), dict(reply.headers)
        except HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)

    def ask(self, text: str, sender: Optional[str] = None) -> Messages:
        status, messages = self.post(json.dumps({"sender": sender or uuid.uuid4().hex, "message": text}).encode())
        assert status == 200, messages
        assert isinstance(messages, list)
        return messages

    def texts(self, text: str, sender: Optional[str] = None) -> List[str]:
        return [message.get("text", "") for message in self.ask(text, sender)]

    def verify_dialog(self, turns: List[Tuple[str, str]]) -> None:
        """Says each customer's line and compares the joined reply with the literal text expected."""
        sender = uuid.uuid4().hex
        for number, (customer, expected) in enumerate(turns, 1):
            assert "\n".join(self.texts(customer, sender)) == expected, f"turn {number}: {customer}"


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return environment_in(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="session")
def assistant(trained_model: Path, environment: Environment) -> Iterator[Assistant]:
    with started(environment, Path(environment.conversations).parent):
        yield Assistant(environment)
