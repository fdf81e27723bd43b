"""The staff page with two owners and a few requests, visited without a browser."""

from __future__ import annotations

import datetime as dt
import re
from html import unescape
from pathlib import Path
from typing import Any, Dict, Iterator, Optional

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from desk import accounts, cases
from desk.database import Database, open_database
from desk.staff import create_app
from shop.settings import Environment, Shop
from tests.desk.conftest import TUESDAY, Clock, a_request

PASSWORD = "een goed wachtwoord"
NAMES = {"marieke": "Marieke", "stephan": "Stephan van Went"}
HERE = cases.Contact("here")


@pytest.fixture(autouse=True)
def quick_passwords(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weak hashes, made in no time; a test that is about the time asks for `real_passwords`."""
    if "real_passwords" not in request.fixturenames:
        monkeypatch.setattr(accounts, "_hasher", PasswordHasher(1, 8, 1))
        monkeypatch.setattr(accounts, "_NOBODY", accounts.hash_password("nobody's password"))


@pytest.fixture
def real_passwords() -> None:
    """See `quick_passwords`."""


@pytest.fixture
def database(tmp_path: Path, quick_passwords: None) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'desk.db'}")
    for username, name in NAMES.items():
        accounts.add_account(opened, username, name, "", PASSWORD, TUESDAY)
    yield opened
    opened.close()


@pytest.fixture
def app(database: Database, shop: Shop, clock: Clock) -> Flask:
    made = create_app(database, Environment(secret="x" * 40), lambda: shop, clock)
    made.testing = True
    return made


class Owner:
    """Somebody with a browser that follows no scripts."""

    def __init__(self, app: Flask, base_url: str = "http://127.0.0.1:5006") -> None:
        self.client: FlaskClient = app.test_client()
        self.base_url = base_url
        self.page = ""
        self.status = 0

    def get(self, path: str, **options: Any) -> str:
        return self._seen(self.client.get(path, base_url=self.base_url, follow_redirects=True, **options))

    def post(self, path: str, _token: Optional[str] = None, **fields: Any) -> str:
        """Sends a form with the token of the page that is open, as its buttons do."""
        data = {"csrf_token": self.token() if _token is None else _token, **fields}
        return self._seen(self.client.post(path, base_url=self.base_url, data=data, follow_redirects=True))

    def _seen(self, response: Any) -> str:
        self.response, self.status = response, response.status_code
        self.page = response.get_data(as_text=True)
        return self.page

    def token(self) -> str:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        return found.group(1) if found else ""

    def field(self, name: str) -> str:
        found = re.search(rf'name="{name}" value="([^"]*)"', self.page)
        assert found, name
        return found.group(1)

    def told(self) -> str:
        """What the page says happened."""
        found = re.findall(r'<p class="told (?:goed|fout)" role="(?:status|alert)">(.*?)</p>', self.page)
        return unescape("; ".join(found))

    def log_in(self, username: str = "marieke", password: str = PASSWORD) -> "Owner":
        self.get("/inloggen")
        self.post("/inloggen", naam=username, wachtwoord=password)
        return self


@pytest.fixture
def stranger(app: Flask) -> Owner:
    return Owner(app)


@pytest.fixture
def owner(app: Flask) -> Owner:
    """Marieke, logged in."""
    return Owner(app).log_in()


@pytest.fixture
def other(app: Flask) -> Owner:
    """Stephan, logged in."""
    return Owner(app).log_in("stephan")


@pytest.fixture
def reference(database: Database, shop: Shop) -> str:
    return open_case(database, shop)


def open_case(database: Database, shop: Shop, key: str = "key-1", now: dt.datetime = TUESDAY, **changes: Any) -> str:
    return cases.open_case(database, a_request(key, **changes), shop, now).reference


def open_here(database: Database, shop: Shop, **changes: Any) -> str:
    """A request whose answer is wanted in the conversation."""
    values: Dict[str, Any] = {"key": "here", "contact": HERE, **changes}
    return open_case(database, shop, **values)
