"""A wrong setting stops this channel only, with a line that says what to do; `check` asks Meta."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from channels.whatsapp import channel
from channels.whatsapp.__main__ import check
from channels.whatsapp.channel import WhatsAppChannel
from channels.whatsapp.settings import is_wanted, problems
from shop.settings import Environment
from tests.channels.fakes.graph import GraphApi
from tests.channels.whatsapp.conftest import settings


@pytest.fixture
def right(tmp_path: Path) -> Environment:
    return settings(tmp_path, GraphApi(port=1))


def test_right_settings_have_no_problems(right: Environment) -> None:
    assert (is_wanted(right), problems(right)) == (True, [])
    assert not is_wanted(Environment())


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("whatsapp_token", "", "SCHAKEL_WHATSAPP_TOKEN is missing (the access token, without blanks)."),
        ("whatsapp_token", "een token", "SCHAKEL_WHATSAPP_TOKEN should be the access token, without blanks."),
        (
            "whatsapp_number_id",
            "+31612345678",
            "SCHAKEL_WHATSAPP_NUMBER_ID should be the id of the phone number: 5 to 20 digits.",
        ),
        (
            "whatsapp_app_secret",
            "",
            "SCHAKEL_WHATSAPP_APP_SECRET is missing (the app's secret, 32 characters as a rule).",
        ),
        (
            "whatsapp_verify_token",
            "kort",
            "SCHAKEL_WHATSAPP_VERIFY_TOKEN should be a word of your own of 8 characters or more.",
        ),
        ("whatsapp_version", "25", "SCHAKEL_WHATSAPP_VERSION should be such as v25.0."),
        (
            "whatsapp_template",
            "Mijn sjabloon",
            "SCHAKEL_WHATSAPP_TEMPLATE should be a template's name: a-z, 0-9 and _.",
        ),
    ],
)
def test_each_problem_is_one_line_with_the_variables_name(
    right: Environment, name: str, value: str, expected: str
) -> None:
    assert problems(replace(right, **{name: value})) == [expected]


@pytest.mark.parametrize("changed", [{"whatsapp_app_secret": ""}, {"whatsapp_number_id": "+31612345678"}])
def test_a_wrong_setting_switches_off_without_stopping_the_others(
    right: Environment, changed: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(channel, "load_environment", lambda: replace(right, **changed))
    routes = WhatsAppChannel().blueprint(None)  # type: ignore[arg-type]
    assert [route.uri for route in routes._future_routes] == ["/"]
    (line,) = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert line.startswith("Channel whatsapp is off, the others go on. SCHAKEL_WHATSAPP_")


def test_without_any_setting_the_channel_is_quietly_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(channel, "load_environment", lambda: Environment())
    routes = WhatsAppChannel().blueprint(None)  # type: ignore[arg-type]
    assert [route.uri for route in routes._future_routes] == ["/"]
    assert caplog.records == []


async def test_check_asks_meta_about_the_token(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with GraphApi() as api:
        assert await check(settings(tmp_path, api)) == []
        assert "Meta accepts the token for +1 555-078-3881 (Winkel)." in capsys.readouterr().out
        assert await check(settings(tmp_path, api, whatsapp_token="EAAwrong")) == [
            "Meta answered 401, error 190. Check SCHAKEL_WHATSAPP_TOKEN, SCHAKEL_WHATSAPP_NUMBER_ID and "
            "SCHAKEL_WHATSAPP_VERSION."
        ]
        assert api.sent == []


async def test_version_and_address_are_the_settings(tmp_path: Path) -> None:
    with GraphApi(version="v31.0") as api:
        assert await check(settings(tmp_path, api, whatsapp_version="v31.0")) == []
        (line,) = await check(settings(tmp_path, api, whatsapp_version="v25.0"))
    assert line.startswith(
        "Meta answered 400, error 2635. Check SCHAKEL_WHATSAPP_TOKEN, SCHAKEL_WHATSAPP_NUMBER_ID and"
    )


async def test_check_says_what_is_missing_before_it_asks(tmp_path: Path) -> None:
    api = GraphApi(port=1)
    assert await check(settings(tmp_path, api, whatsapp_token="")) == [
        "SCHAKEL_WHATSAPP_TOKEN is missing (the access token, without blanks)."
    ]
