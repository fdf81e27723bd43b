"""Looks into the desk's database: what became of the requests that customers sent."""

from __future__ import annotations

from typing import Dict, Iterable

import sqlalchemy as sa

from desk.database import open_database
from desk.models import Case
from faults.world import World


def cases_by_question(world: World, questions: Iterable[str]) -> Dict[str, int]:
    """{question: how many cases there are with it}, past whatever is broken."""
    database = open_database(world.direct["desk_database"])
    try:
        with database.reading() as session:
            count = sa.select(sa.func.count()).select_from(Case)
            return {
                question: session.execute(count.where(Case.question == question)).scalar_one() for question in questions
            }
    finally:
        database.close()
