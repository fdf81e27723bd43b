"""Thumbs up and down from the web chat's log."""

from __future__ import annotations

import json
from collections import Counter
from typing import Counter as CounterOf
from typing import Tuple

from sqlalchemy import column, create_engine, select, table
from sqlalchemy.exc import SQLAlchemyError

_EVENTS = table("web_events", column("rating"), column("at"), column("body"))
UP, DOWN = "up", "down"


def read_ratings(address: str, since: float = 0.0) -> CounterOf[Tuple[str, str]]:
    """Counts (faq id, "up" or "down") since a moment; the id is '' for a reply that was no answer.

    Args:
        address: SQLAlchemy's address of the web chat's log.
        since: seconds since 1970.

    Returns:
        Nothing when there is no such log yet.
    """
    found: CounterOf[Tuple[str, str]] = Counter()
    engine = create_engine(address, future=True, hide_parameters=True)
    query = select(_EVENTS.c.rating, _EVENTS.c.body).where(_EVENTS.c.rating.is_not(None), _EVENTS.c.at >= since)
    try:
        with engine.connect() as connection:
            for rating, body in connection.execute(query):
                found[str(json.loads(body).get("faq_id") or ""), str(rating)] += 1
    except SQLAlchemyError:
        return Counter()
    finally:
        engine.dispose()
    return found
