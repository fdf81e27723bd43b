"""Who gets in: passwords, limits, sessions, forged requests, headers."""

from __future__ import annotations

import re
import time
from typing import Any, List

import pytest
from flask import Flask

from desk import accounts, takeover
from desk.database import Database
from desk.models import Attempt
from tests.desk.conftest import TUESDAY, Clock
from tests.desk.staff.conftest import PASSWORD, Owner
from tests.desk.test_takeover import SILENCE

PAGES = [
    "/",
    "/aanvraag/A-2026-0001",
    "/aanvraag/A-2026-0001/faq",
    "/gesprekken",
    "/gesprek/1",
    "/gesprek/1/nieuw",
    "/stand",
]
PAGES += ["/wachtwoord"]
FORMS = [
    *(f"/aanvraag/A-2026-0001/{what}" for what in ("toewijzen", "notitie", "antwoord", "sluiten", "heropenen", "faq")),
    *("/aanvraag/A-2026-0001/overnemen", "/gesprekken/overnemen", "/gesprekken/afwijzen"),
    *("/gesprek/1/zeg", "/gesprek/1/vrijgeven", "/wachtwoord", "/uitloggen"),
]


def test_with_name_and_password_you_get_in(stranger: Owner) -> None:
    stranger.log_in()
    assert "<h1>Aanvragen</h1>" in stranger.page
    stranger.post("/uitloggen")
    assert stranger.told() == "Je bent uitgelogd."
    assert "<h1>Inloggen</h1>" in stranger.get("/")


def test_a_name_in_capitals_is_the_same_name(stranger: Owner) -> None:
    assert "<h1>Aanvragen</h1>" in stranger.log_in(" Marieke ").page


@pytest.mark.parametrize(("name", "password"), [("marieke", "verkeerd wachtwoord"), ("niemand", PASSWORD), ("", "")])
def test_a_wrong_login_says_the_same_whatever_is_wrong(stranger: Owner, name: str, password: str) -> None:
    stranger.log_in(name, password)
    assert (stranger.status, stranger.told()) == (401, "De naam of het wachtwoord klopt niet.")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_asks_to_log_in(stranger: Owner, reference: str, path: str) -> None:
    assert "<h1>Inloggen</h1>" in stranger.get(path)


@pytest.mark.parametrize("path", FORMS)
def test_no_form_works_without_a_login(stranger: Owner, reference: str, path: str) -> None:
    stranger.get("/inloggen")
    stranger.post(path, text="x", owner="stephan", reason="x")
    assert "<h1>Inloggen</h1>" in stranger.page


@pytest.mark.parametrize("path", ["/inloggen", *FORMS])
@pytest.mark.parametrize("token", ["", "made up"])
def test_no_form_works_without_its_token(owner: Owner, reference: str, path: str, token: str) -> None:
    owner.post(path, _token=token, text="x", owner="stephan", reason="x", conversation="web-1")
    assert owner.status == 400
    assert "Deze pagina was te oud" in owner.page


def test_a_token_of_somebody_else_does_not_work(owner: Owner, other: Owner, reference: str) -> None:
    other.get("/")
    owner.post(f"/aanvraag/{reference}/notitie", _token=other.token(), text="x")
    assert owner.status == 400


def test_what_was_typed_is_not_lost_with_an_old_token(owner: Owner, reference: str) -> None:
    owner.post(f"/aanvraag/{reference}/notitie", _token="old", text="een lang <verhaal>")
    assert "een lang &lt;verhaal&gt;</textarea>" in owner.page


def test_five_wrong_passwords_lock_a_name_for_a_quarter_even_for_the_right_one(stranger: Owner, clock: Clock) -> None:
    for _ in range(5):
        stranger.log_in(password="verkeerd wachtwoord")
        assert stranger.status == 401
    stranger.log_in()
    assert stranger.status == 429
    assert stranger.told().startswith("Er is te vaak een verkeerd wachtwoord geprobeerd.")
    clock.forward(minutes=15, seconds=1)
    assert "<h1>Aanvragen</h1>" in stranger.log_in().page


def test_a_name_that_does_not_exist_is_locked_like_one_that_does(stranger: Owner) -> None:
    statuses = [(stranger.log_in("niemand", "x" * 12), stranger.status)[1] for _ in range(6)]
    assert statuses == [401, 401, 401, 401, 401, 429]


def test_twenty_wrong_tries_from_one_address_lock_that_address(stranger: Owner) -> None:
    for number in range(20):
        stranger.log_in(f"naam{number}", "x" * 12)
    stranger.log_in("nog-een", "x" * 12)
    assert stranger.status == 429


def test_a_right_password_starts_the_count_anew(stranger: Owner, app: Flask) -> None:
    for _ in range(3):
        for _ in range(4):
            stranger.log_in(password="verkeerd wachtwoord")
        assert "<h1>Aanvragen</h1>" in Owner(app).log_in().page


def test_tries_are_kept_without_the_name_or_the_address(stranger: Owner, database: Database) -> None:
    stranger.log_in(password="verkeerd wachtwoord")
    with database.reading() as session:
        kept = [(row.kind, row.subject) for row in session.query(Attempt)]
    assert [kind for kind, _ in kept] == ["login", "login"]
    assert all(re.fullmatch("[0-9a-f]{64}", subject) for _, subject in kept)


def test_an_unknown_name_takes_as_long_as_a_wrong_password(database: Database, real_passwords: None) -> None:
    def seconds(username: str) -> float:
        # Of the processor, not of the clock: what else the machine does counts for neither.
        times: List[float] = []
        for _ in range(7):
            begin = time.process_time()
            accounts.check_password(database, username, "verkeerd wachtwoord", TUESDAY)
            times.append(time.process_time() - begin)
        return sorted(times)[3]

    assert 0.5 < seconds("niemand") / seconds("marieke") < 2.0


@pytest.mark.parametrize(
    ("wanted", "landed"),
    [
        ("/gesprekken", "/gesprekken"),
        ("//boos.nl", "/"),
        ("/\\boos.nl", "/"),
        ("https://boos.nl", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_the_login_you_come_where_you_were_going_but_only_here(stranger: Owner, wanted: str, landed: str) -> None:
    stranger.get("/inloggen")
    data = {"csrf_token": stranger.token(), "naam": "marieke", "wachtwoord": PASSWORD}
    response = stranger.client.post("/inloggen", base_url=stranger.base_url, query_string={"next": wanted}, data=data)
    assert (response.status_code, response.headers["Location"]) == (302, landed)


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app: Flask) -> None:
    here, outside = Owner(app), Owner(app, "http://balie.winkel.nl")
    for visitor in (here, outside):
        visitor.get("/inloggen")
    assert re.fullmatch(r"desk=\S+; HttpOnly; Path=/; SameSite=Strict", here.response.headers["Set-Cookie"])
    assert "; Secure; HttpOnly; " in outside.response.headers["Set-Cookie"]


def test_a_login_ends_after_eight_hours_without_use_and_after_a_week(owner: Owner, clock: Clock) -> None:
    assert owner.response.history[0].headers["Set-Cookie"].count("Expires=") == 1
    assert owner.client.application.permanent_session_lifetime.total_seconds() == 8 * 3600
    clock.forward(days=7, seconds=1)
    assert "<h1>Inloggen</h1>" in owner.get("/")


def test_a_new_password_ends_the_other_logins(owner: Owner, app: Flask) -> None:
    phone = Owner(app).log_in()
    owner.get("/wachtwoord")
    owner.post("/wachtwoord", huidig=PASSWORD, nieuw="nog een goed wachtwoord", nogmaals="nog een goed wachtwoord")
    assert owner.told() == "Je wachtwoord is gewijzigd. Andere apparaten zijn uitgelogd."
    assert "<h1>Aanvragen</h1>" in owner.get("/")
    assert "<h1>Inloggen</h1>" in phone.get("/")
    assert Owner(app).log_in().status == 401
    assert "<h1>Aanvragen</h1>" in Owner(app).log_in(password="nog een goed wachtwoord").page


@pytest.mark.parametrize(
    ("current", "new", "again", "told"),
    [
        ("verkeerd", "x" * 12, "x" * 12, "Je huidige wachtwoord klopt niet."),
        (PASSWORD, "te kort", "te kort", "Kies een wachtwoord van 12 tot 200 tekens."),
        (PASSWORD, "x" * 12, "y" * 12, "De twee nieuwe wachtwoorden zijn niet gelijk."),
        (PASSWORD, "x" * 201, "x" * 201, "Kies een wachtwoord van 12 tot 200 tekens."),
    ],
)
def test_a_password_is_not_changed_when(owner: Owner, current: str, new: str, again: str, told: str) -> None:
    owner.get("/wachtwoord")
    owner.post("/wachtwoord", huidig=current, nieuw=new, nogmaals=again)
    assert (owner.status, owner.told()) == (400, told)


def test_logging_out_everywhere_ends_every_login(owner: Owner, app: Flask) -> None:
    phone = Owner(app).log_in()
    owner.post("/uitloggen", overal="ja")
    assert owner.told() == "Je bent op alle apparaten uitgelogd."
    assert "<h1>Inloggen</h1>" in phone.get("/")


def test_somebody_who_may_not_log_in_any_more_is_out_at_once(owner: Owner, database: Database) -> None:
    accounts.set_active(database, "marieke", False)
    assert "<h1>Inloggen</h1>" in owner.get("/")
    assert owner.log_in().status == 401


@pytest.mark.parametrize("path", [*PAGES, "/inloggen", "/bestaat-niet", "/static/live.js"])
def test_every_answer_forbids_what_pages_do_not_need(
    owner: Owner, database: Database, reference: str, path: str
) -> None:
    takeover.start(database, "web-1", "web", takeover.Person("marieke", "M"), SILENCE, TUESDAY)
    owner.get(path)
    policy = owner.response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    for name, value in {
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }.items():
        assert owner.response.headers[name] == value
    assert owner.response.headers["Cache-Control"] == ("no-cache" if path.startswith("/static") else "no-store")
    assert "<script>" not in owner.page
    assert not re.search(r"<[^>]+\s(?:on\w+|style)=", owner.page)


def test_the_session_of_customers_does_not_open_the_page(app: Flask) -> None:
    assert app.config["SECRET_KEY"] != "x" * 40


def test_a_page_that_does_not_exist_says_so_in_dutch(owner: Owner) -> None:
    for path in ("/bestaat-niet", "/aanvraag/A-2026-9999", "/gesprek/99"):
        owner.get(path)
        assert owner.status == 404
        assert "Deze pagina of aanvraag bestaat niet (meer)." in owner.page


def test_a_body_that_is_too_large_is_refused(owner: Owner, reference: str) -> None:
    owner.post(f"/aanvraag/{reference}/notitie", text="x" * 300_000)
    assert owner.status == 413
    assert "Dit is te veel tekst in een keer." in owner.page


def test_a_bug_shows_no_details(owner: Owner, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("geheim van de klant")

    app.testing = False
    monkeypatch.setattr("desk.staff.case_pages.cases.list_cases", fail)
    owner.get("/")
    assert owner.status == 500
    assert "Er ging iets mis op deze pagina." in owner.page
    assert "geheim" not in owner.page
