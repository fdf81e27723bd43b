"""When somebody is there, and what can be promised."""

from __future__ import annotations

import datetime as dt
from typing import Any, Optional
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.opening import ZONE, in_words, is_open, next_opening, promise, promise_in_words
from shop.settings import Shop
from tests.desk.conftest import WEEKDAYS


def a_shop(**changes: Any) -> Shop:
    values = {"openingstijden": dict.fromkeys(WEEKDAYS, "09:00-17:00"), **changes}
    return Shop(naam="Testwinkel", eigenaren="An en Jo", **values)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize(
    ("now", "promised"),
    [
        ("2026-11-24 14:00", "2026-11-25 17:00"),  # a Tuesday
        ("2026-11-24 23:59", "2026-11-25 17:00"),
        ("2026-11-27 10:00", "2026-11-30 17:00"),  # Friday: Monday
        ("2026-11-28 10:00", "2026-11-30 17:00"),  # Saturday: Monday
        ("2026-12-24 10:00", "2026-12-28 17:00"),  # Christmas on Friday, then the weekend
        ("2026-04-26 10:00", "2026-04-28 17:00"),  # King's Day, Dutch
        ("2026-07-20 10:00", "2026-07-22 17:00"),  # the Belgian national holiday
    ],
)
def test_an_answer_is_promised_for_the_end_of_the_next_opening_day(now: str, promised: str) -> None:
    assert promise(a_shop(), at(now)) == at(promised)


def test_holidays_count_only_for_the_countries_of_the_shop() -> None:
    assert promise(a_shop(feestdagen=["NL"]), at("2026-07-20 10:00")) == at("2026-07-21 17:00")
    assert promise(a_shop(feestdagen=[]), at("2026-12-24 10:00")) == at("2026-12-25 17:00")


def test_closing_days_of_the_shop_count() -> None:
    shop = a_shop(sluitingsdagen=["2026-11-25", "2026-11-27..2026-12-06"])
    assert promise(shop, at("2026-11-24 10:00")) == at("2026-11-26 17:00")
    assert promise(shop, at("2026-11-26 10:00")) == at("2026-12-07 17:00")
    assert next_opening(shop, at("2026-11-26 18:00")) == at("2026-12-07 09:00")


@pytest.mark.parametrize(
    ("days", "now", "promised"),
    [
        (0, "2026-11-24 10:00", "2026-11-24 17:00"),
        (0, "2026-11-24 16:30", "2026-11-25 17:00"),  # too little of the day is left
        (0, "2026-11-28 10:00", "2026-11-30 17:00"),
        (3, "2026-11-24 10:00", "2026-11-27 17:00"),
    ],
)
def test_the_shop_sets_how_many_days_it_takes(days: int, now: str, promised: str) -> None:
    assert promise(a_shop(antwoord_werkdagen=days), at(now)) == at(promised)


@pytest.mark.parametrize(
    ("now", "promised", "utc"),
    [
        ("2026-03-27 12:00", "2026-03-30 17:00", "2026-03-30 15:00"),  # summer time begins in between
        ("2026-10-23 12:00", "2026-10-26 17:00", "2026-10-26 16:00"),  # and ends
    ],
)
def test_closing_time_stays_closing_time_when_the_clock_changes(now: str, promised: str, utc: str) -> None:
    found = promise(a_shop(), at(now))
    assert found == at(promised)
    assert found == dt.datetime.fromisoformat(utc).replace(tzinfo=dt.timezone.utc)


def test_the_hour_that_comes_twice_is_handled() -> None:
    shop = a_shop(openingstijden={"zondag": "01:00-04:00"})
    first = dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZONE, fold=0)
    second = dt.datetime(2026, 10, 25, 2, 30, tzinfo=ZONE, fold=1)
    assert is_open(shop, first.astimezone(dt.timezone.utc))
    assert is_open(shop, second.astimezone(dt.timezone.utc))
    assert not is_open(shop, dt.datetime(2026, 10, 25, 3, 0, tzinfo=dt.timezone.utc))  # 04:00


def test_without_opening_hours_nothing_is_promised() -> None:
    shop = a_shop(openingstijden={})
    now = at("2026-11-24 10:00")
    assert promise(shop, now) is None
    assert next_opening(shop, now) is None
    assert not is_open(shop, now)
    assert promise_in_words(None, now) == "zo snel mogelijk"


def test_a_shop_that_is_closed_for_good_promises_nothing() -> None:
    assert promise(a_shop(sluitingsdagen=["2026-01-01..2029-01-01"]), at("2026-11-24 10:00")) is None


@pytest.mark.parametrize(
    ("now", "open_now", "opens"),
    [
        ("2026-11-24 08:59", False, "2026-11-24 09:00"),
        ("2026-11-24 09:00", True, "2026-11-24 09:00"),
        ("2026-11-24 16:59", True, "2026-11-24 16:59"),
        ("2026-11-24 17:00", False, "2026-11-25 09:00"),
        ("2026-12-25 12:00", False, "2026-12-28 09:00"),
    ],
)
def test_it_is_known_when_somebody_is_there(now: str, open_now: bool, opens: str) -> None:
    assert is_open(a_shop(), at(now)) is open_now
    assert next_opening(a_shop(), at(now)) == at(opens)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-24 17:00", "voor vandaag 17:00"),
        ("2026-11-25 17:00", "voor morgen 17:00"),
        ("2026-11-30 09:05", "voor maandag 30 november 09:05"),
        ("2027-01-04 17:00", "voor maandag 4 januari 17:00"),
    ],
)
def test_a_promise_is_told_as_people_say_it(moment: str, words: str) -> None:
    assert promise_in_words(at(moment), at("2026-11-24 10:00")) == words


def test_without_knowing_when_it_is_read_the_date_is_told() -> None:
    assert in_words(at("2026-11-25 17:00")) == "woensdag 25 november 17:00"


@given(
    st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.timezone.utc)),
    st.integers(0, 10),
)
def test_a_promise_is_always_later_and_at_a_closing_time(now: dt.datetime, days: int) -> None:
    shop = a_shop(antwoord_werkdagen=days)
    found: Optional[dt.datetime] = promise(shop, now)
    assert found is not None
    assert found > now
    assert found.astimezone(ZoneInfo("Europe/Amsterdam")).strftime("%H:%M") == "17:00"
    assert is_open(shop, found - dt.timedelta(seconds=1))
    assert not is_open(shop, found)
