"""Who may use the web chat: signed sessions, exact origins, limits."""

from __future__ import annotations

import logging
import stat
import time
from pathlib import Path
from typing import Callable, Dict, Optional

import jwt
import pytest

from channels.limits import RateLimit, allowed_origins, client_address
from channels.sessions import NoSession, Tokens, load_secret, new_session_id
from shop.settings import Environment, SettingsError

SECRET = "a secret that only this test knows, longer than sixty-four characters in all"


def test_a_token_leads_back_to_its_session() -> None:
    tokens = Tokens(SECRET, days=1)
    session = new_session_id()
    assert tokens.read(f"Bearer {tokens.issue(session)}") == session
    assert len({new_session_id() for _ in range(1000)}) == 1000


def _signed(secret: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    now = int(time.time())
    claims = {"sub": "web-x", "aud": "schakel-web", "iat": now, "exp": now + 60, **changes}
    claims = {name: value for name, value in claims.items() if value is not None}
    return "Bearer " + jwt.encode(claims, None if algorithm == "none" else secret, algorithm=algorithm)  # type: ignore[arg-type]


REFUSED: Dict[str, Callable[[], Optional[str]]] = {  # made in the test: a token holds the time
    "none": lambda: None,
    "empty": lambda: "",
    "no token": lambda: "Bearer ",
    "nonsense": lambda: "Bearer onzin",
    "another scheme": lambda: "Basic abc",
    "5,000 characters": lambda: "Bearer " + "a" * 5000,
    "another secret": lambda: _signed(secret=SECRET[::-1]),
    "unsigned": lambda: _signed(algorithm="none"),
    "another algorithm": lambda: _signed(algorithm="HS512"),
    "for somebody else": lambda: _signed(aud="something else"),
    "expired": lambda: _signed(exp=int(time.time()) - 1),
    "without an end": lambda: _signed(exp=None),
    "of another channel": lambda: _signed(sub="telegram-1"),
    "for no session": lambda: _signed(sub=None),
}


@pytest.mark.parametrize("header", REFUSED.values(), ids=REFUSED)
def test_any_other_token_is_refused(header: Callable[[], Optional[str]]) -> None:
    with pytest.raises(NoSession):
        Tokens(SECRET, days=1).read(header())


def test_a_valid_token_made_elsewhere_would_be_read() -> None:
    assert Tokens(SECRET, days=1).read(_signed()) == "web-x"  # so that the refusals above are for their own reasons


def test_a_clock_that_was_put_back_ends_no_chat() -> None:
    tokens = Tokens(SECRET, days=1)
    assert tokens.read(f"Bearer {tokens.issue('web-x', now=time.time() + 3 * 3_600)}") == "web-x"


def test_a_missing_secret_is_made_once_for_its_owner_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    key_file = tmp_path / "var" / "secret.key"
    with caplog.at_level(logging.WARNING):
        first, second = load_secret("generated", key_file), load_secret("generated", key_file)
    assert first == second
    assert len(first) >= 48
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [record.getMessage() for record in caplog.records] == [f"There is no {key_file} yet: made one."]
    assert first not in caplog.text


def test_a_short_secret_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SCHAKEL_SECRET has 5 characters; 32 is the least"):
        load_secret("short", tmp_path / "key")
    assert load_secret(SECRET, tmp_path / "key") == SECRET
    (tmp_path / "key").write_text("")
    with pytest.raises(SettingsError, match="no usable secret"):
        load_secret("generated", tmp_path / "key")


def test_origins_are_exact() -> None:
    origins = allowed_origins(Environment(port=5005, web_origins="self, https://www.winkel.nl"))
    assert origins == {"http://localhost:5005", "http://127.0.0.1:5005", "https://www.winkel.nl"}


@pytest.mark.parametrize(
    "entry", ["*", "https://*.nl", "www.winkel.nl", "https://winkel.nl/", "ftp://x", "https://Winkel.nl"]
)
def test_what_is_no_origin_stops_the_start(entry: str) -> None:
    with pytest.raises(SettingsError, match="is no origin"):
        allowed_origins(Environment(web_origins=entry))


def test_the_limit_holds_per_key_and_ends_after_a_minute() -> None:
    now = [100.0]
    limit = RateLimit(2, clock=lambda: now[0])
    assert [limit.wait("a"), limit.wait("a"), limit.wait("b")] == [0, 0, 0]
    now[0] = 130.0
    assert limit.wait("a") == 30.0
    now[0] = 160.1
    assert limit.wait("a") == 0


def test_only_our_own_proxies_are_believed() -> None:
    assert client_address("10.0.0.1", "6.6.6.6", proxies=0) == "10.0.0.1"
    assert client_address("10.0.0.1", "6.6.6.6, 8.8.8.8", proxies=1) == "8.8.8.8"
    assert client_address("10.0.0.1", "6.6.6.6, 8.8.8.8, 10.0.0.2", proxies=2) == "8.8.8.8"
    assert client_address("10.0.0.1", "", proxies=1) == "10.0.0.1"
