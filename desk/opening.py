"""When somebody is in the shop, and what can be promised: hours of `winkel.yml`, public holidays, closing days.

All arithmetic is on the clock of Amsterdam (Brussels has the same), so that 17:00 stays 17:00 when the clock changes.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, Optional, Tuple
from zoneinfo import ZoneInfo

import holidays
from ruamel.yaml import YAML

from shop.settings import DAYS, Shop

ZONE = ZoneInfo("Europe/Amsterdam")
TEXTS = Path(__file__).parent / "texts" / "tijden.yml"
_HORIZON = 400  # days looked ahead; a shop that is closed for longer promises nothing
_LEAST = dt.timedelta(hours=1)  # that is left of a day on which an answer is promised the same day


def is_open(shop: Shop, now: dt.datetime) -> bool:
    """Somebody is there now (an aware moment)."""
    hours = opening_hours(shop, now.astimezone(ZONE).date())
    return hours is not None and hours[0] <= now < hours[1]


def next_opening(shop: Shop, now: dt.datetime) -> Optional[dt.datetime]:
    """The first moment from now on that somebody is there; now itself when the shop is open; None when unknown."""
    today = now.astimezone(ZONE).date()
    for ahead in range(_HORIZON):
        hours = opening_hours(shop, today + dt.timedelta(days=ahead))
        if hours is not None and now < hours[1]:
            return max(now.astimezone(ZONE), hours[0])
    return None


def promise(shop: Shop, now: dt.datetime) -> Optional[dt.datetime]:
    """When the customer has an answer at the latest: closing time, `antwoord_werkdagen` opening days after today.

    Returns:
        An aware moment on the shop's clock; None when the opening hours are not known, so nothing can be promised.
    """
    today = now.astimezone(ZONE).date()
    days = shop.antwoord_werkdagen
    for ahead in range(_HORIZON):
        hours = opening_hours(shop, today + dt.timedelta(days=ahead))
        if hours is None or (ahead == 0 and (days > 0 or hours[1] - now < _LEAST)):
            continue
        days -= 1
        if days <= 0:
            return hours[1]
    return None


def opening_hours(shop: Shop, day: dt.date) -> Optional[Tuple[dt.datetime, dt.datetime]]:
    """From when until when the shop is open on that day; None when it is closed."""
    written = shop.openingstijden.get(DAYS[day.weekday()])
    if not written or _is_closing_day(shop, day) or _is_holiday(day, frozenset(shop.feestdagen)):
        return None
    opens, closes = (dt.time.fromisoformat(part) for part in written.split("-"))
    return dt.datetime.combine(day, opens, ZONE), dt.datetime.combine(day, closes, ZONE)


def _is_closing_day(shop: Shop, day: dt.date) -> bool:
    for period in shop.sluitingsdagen:
        first, _, last = period.partition("..")
        if dt.date.fromisoformat(first) <= day <= dt.date.fromisoformat(last or first):
            return True
    return False


def _is_holiday(day: dt.date, countries: FrozenSet[str]) -> bool:
    return any(day in _holidays(country, day.year) for country in countries)


@lru_cache(maxsize=32)
def _holidays(country: str, year: int) -> FrozenSet[dt.date]:
    return frozenset(holidays.country_holidays(country, years=year))


@lru_cache(maxsize=1)
def _texts() -> Dict[str, Any]:
    found: Dict[str, Any] = YAML(typ="safe").load(TEXTS.read_text(encoding="utf-8"))
    return found


def in_words(moment: Optional[dt.datetime], now: Optional[dt.datetime] = None) -> str:
    """A moment as people say it: "vandaag 17:00", "morgen 17:00", "maandag 23 november 17:00"; "" for None.

    Without `now` always with its date, for what may be read another day.
    """
    if moment is None:
        return ""
    texts, local = _texts(), moment.astimezone(ZONE)
    days = -1 if now is None else (local.date() - now.astimezone(ZONE).date()).days
    if days in (0, 1):
        day = texts["dagen_ver"][days]
    else:
        day = texts["datum"].format(
            dag=DAYS[local.weekday()], nummer=local.day, maand=texts["maanden"][local.month - 1]
        )
    return str(texts["moment"].format(dag=day, tijd=f"{local:%H:%M}"))


def promise_in_words(moment: Optional[dt.datetime], now: Optional[dt.datetime] = None) -> str:
    """What is promised: "voor morgen 17:00", or "zo snel mogelijk" when nothing can be promised."""
    texts = _texts()
    if moment is None:
        return str(texts["zonder_belofte"])
    return str(texts["belofte"].format(moment=in_words(moment, now)))
