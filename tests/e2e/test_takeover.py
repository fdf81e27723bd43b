"""An owner takes a web chat over: the really running assistant, desk and staff page, over HTTP from both sides."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
import uuid
from http.cookiejar import CookieJar
from typing import Any, Dict, Iterator, List, Tuple
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener, urlopen

import pytest
import sqlalchemy as sa

from desk import accounts, takeover
from desk.database import Database, open_database
from shop.settings import Environment
from tests.e2e.conftest import Assistant

PASSWORD = "een goed wachtwoord"


@pytest.fixture
def database(assistant: Assistant, environment: Environment) -> Iterator[Database]:
    opened = open_database(environment.desk_database)
    if not accounts.list_accounts(opened):
        accounts.add_account(opened, "marieke", "Marieke", "", PASSWORD, now())
    yield opened
    opened.close()


def now() -> dt.datetime:
    return dt.datetime.now(dt.timezone.utc)


class Visitor:
    """A visitor with the widget."""

    def __init__(self, environment: Environment) -> None:
        self._address = f"http://127.0.0.1:{environment.port}"
        self._headers = {"Origin": self._address, "Content-Type": "application/json"}
        self._headers["Authorization"] = f"Bearer {self._call('POST', 'session')['token']}"
        with sa.create_engine(environment.web_database, future=True).connect() as connection:
            newest = sa.text("select id from web_sessions order by seen desc limit 1")
            self.session = str(connection.execute(newest).scalar_one())

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = Request(f"{self._address}/webhooks/web/{path}", data, self._headers, method=method)
        with urlopen(request, timeout=30) as reply:
            return json.load(reply)

    def say(self, text: str) -> None:
        self._call("POST", "messages", {"id": uuid.uuid4().hex, "text": text})

    def events(self) -> List[Tuple[str, str]]:
        """(who or state, text) of everything so far, once nothing waits for an answer."""
        deadline = time.monotonic() + 30
        while True:
            found: Dict[str, Any] = self._call("GET", "history")
            if not found["busy"]:
                return [(e.get("state") or e.get("van") or e["kind"], e.get("text", "")) for e in found["events"]]
            assert time.monotonic() < deadline

    def wait_for(self, who: str, text: str) -> float:
        """Seconds until this is there."""
        started = time.monotonic()
        while not any(one[0] == who and text in one[1] for one in self.events()):
            assert time.monotonic() - started < 20, self.events()
        return time.monotonic() - started


class Owner:
    """An owner on the staff page."""

    def __init__(self, environment: Environment) -> None:
        self._address = f"http://127.0.0.1:{environment.desk_port}"
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.page = self.path = ""
        self.get("/inloggen")
        self.post("/inloggen", naam="marieke", wachtwoord=PASSWORD)

    def get(self, path: str) -> str:
        return self._open(Request(self._address + path))

    def post(self, path: str, **fields: str) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        assert token
        data = urlencode({"csrf_token": token.group(1), **fields}).encode()
        return self._open(Request(self._address + path, data))

    def _open(self, request: Request) -> str:
        with self._opener.open(request, timeout=30) as reply:
            self.page, self.path = reply.read().decode(), re.sub(r"^http://[^/]+|#.*$", "", reply.geturl())
        return self.page


def test_a_takeover_from_page_to_chat_and_back(database: Database, environment: Environment) -> None:
    visitor = Visitor(environment)
    visitor.say("wat is magnesium")
    before = visitor.events()
    assert before[-1][0] == "bot"
    takeover.request(database, visitor.session, "web", now())
    owner = Owner(environment)
    owner.get("/gesprekken")
    owner.post("/gesprekken/overnemen", conversation=visitor.session)
    talk = owner.path
    assert visitor.wait_for("mens", "Je praat nu met Marieke, een mens.") < 5
    visitor.say("wat is serotonine")
    visitor.say("ik wil niet meer leven")
    while 'class="customer urgent"' not in owner.get(talk):
        pass
    assert "wat is serotonine" in owner.page
    owner.post(f"{talk}/zeg", text="Ik ben er. Bel 113.", key=uuid.uuid4().hex)
    visitor.wait_for("Marieke", "Ik ben er. Bel 113.")
    assert [who for who, _ in visitor.events()[len(before) :]] == ["mens", "user", "user", "Marieke"]
    owner.post(f"{talk}/vrijgeven")
    visitor.wait_for("open", "De assistent is er weer")
    visitor.say("welke producten hebben jullie")
    events = visitor.events()
    assert events[-1][0] == "bot"
    with sa.create_engine(f"sqlite:///{environment.conversations}", future=True).connect() as connection:
        query = sa.text("select data from events where sender_id = :id and type_name = 'slot' order by id")
        slots = [json.loads(row[0]) for row in connection.execute(query, {"id": visitor.session})]
    assert [s["value"] for s in slots if s["name"] == "veiligheid"][-1:] == ["suicide"]
