"""A request for advice, filled in."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from advice.content import FormContent, load_content
from advice.draft import Draft, new_draft

NOW = dt.datetime(2026, 11, 23, 10, 0, tzinfo=dt.timezone.utc)


@pytest.fixture
def content() -> FormContent:
    return load_content()


@pytest.fixture
def draft() -> Draft:
    return new_draft("web-1", NOW, "toestemming")


@pytest.fixture
def complete(draft: Draft) -> Draft:
    return replace(
        draft,
        stap="overzicht",
        toestemming={"versie": "2026-11", "tijd": NOW.isoformat()},
        vraag="Wat helpt bij slecht slapen?",
        onderwerp="slaap",
        naam="Jan",
        contact={"soort": "email", "waarde": "jan@voorbeeld.nl"},
    )
