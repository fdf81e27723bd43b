"""Reads the thumbs that visitors gave answers in the web chat, from its event log (any SQL database)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Dict, Tuple

from sqlalchemy import and_, column, create_engine, select, table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

Ratings = Dict[Tuple[str, str], str]
_EVENTS = table("web_events", *(column(name) for name in ("session", "number", "kind", "rating", "body")))


def read_ratings(url: str) -> Ratings:
    """{(conversation, what was asked): "up" or "down"}, the latest opinion where the same was asked twice.

    Empty when there is no event log yet or it can't be read: thumbs are an extra.
    """
    address = make_url(url)
    if address.get_backend_name() == "sqlite":
        file = Path(address.database or "")
        if not file.exists():
            return {}
        address = make_url(f"sqlite:///file:{file.resolve()}?mode=ro&uri=true")
    answers, questions = _EVENTS.alias("answers"), _EVENTS.alias("questions")
    rated = select(answers.c.session, answers.c.body, answers.c.rating, questions.c.number, questions.c.body).where(
        and_(
            answers.c.rating.is_not(None),
            answers.c.kind == "bot",
            questions.c.session == answers.c.session,
            questions.c.kind == "user",
            questions.c.number < answers.c.number,
        )
    )
    engine = create_engine(address, future=True)
    found: Ratings = {}
    try:
        with engine.connect() as connection:
            for session, answer, rating, number, question in connection.execute(rated.order_by(answers.c.number)):
                if json.loads(answer).get("reply_to") == number:
                    found[str(session), str(json.loads(question).get("text") or "")] = str(rating)
    except SQLAlchemyError:
        return {}
    finally:
        engine.dispose()
    return found
