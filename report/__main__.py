"""`python -m report [--days N] [--store ADDRESS]`: writes results/gebruik.html for the shop's owners."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Dict, List, Tuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from ruamel.yaml import YAML

from report import figures, pictures
from report.groups import group
from review.__main__ import canonical_questions
from review.conversations import NoConversations, read_sessions, store_address
from review.ratings import read_ratings
from shop.settings import SettingsError, load_environment

FOLDER = Path(__file__).parent
PAGE = Path("results/gebruik.html")
TOP_QUESTIONS, TOP_GROUPS = 25, 40
SHOWN_GROUPS, LABEL = 12, 60  # in the picture: how many groups, and characters of what stands before a bar
UP, DOWN = "up", "down"


def main() -> int:
    """Parses the command and runs it; every expected failure ends as one clear message and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m report", description="How the assistant is used.")
    parser.add_argument("--days", type=int, default=30, help="how far to look back")
    parser.add_argument("--store", help="address of the tracker store for SQLAlchemy; that of the settings if left out")
    arguments = parser.parse_args()
    try:
        environment = load_environment()
        since = time.time() - arguments.days * 86_400
        address = arguments.store or store_address(environment.conversations)
        usage = figures.count(read_sessions(address, read_ratings(environment.web_database)), since)
    except (NoConversations, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{usage.messages} messages in {usage.sessions} conversations: {write(usage, arguments.days)}")
    return 0


def write(usage: figures.Usage, days: int, page: Path = PAGE) -> Path:
    """Writes the page, self-contained, and gives its path."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    words: Dict[str, Any] = YAML(typ="safe").load((FOLDER / "teksten.yml").read_text(encoding="utf-8"))
    groups = group(usage.unanswered)[:TOP_GROUPS]
    values: Dict[str, Any] = {
        "made": datetime.now(figures.ZONE).strftime("%d-%m-%Y %H:%M"),
        "days": days,
        "usage": usage,
        "outcomes": list(words["uitkomsten"].items()),
        "percent": lambda name: f"{figures.share(usage, name) * 100:.0f} %",
        "thumbs_up": _thumbs(usage, UP),
        "thumbs_down": _thumbs(usage, DOWN),
        "days_svg": pictures.line(_per_day(usage)),
        "week_svg": pictures.week(usage.hours, words["dagen"]),
        "outcomes_svg": pictures.bars([(label, usage.outcomes[name]) for name, label in words["uitkomsten"].items()]),
        "thumbs_svg": pictures.bars([(label, _thumbs(usage, rating)) for rating, label in words["duimen"].items()]),
        "groups_svg": pictures.bars([(found.examples[0][:LABEL], found.count) for found in groups[:SHOWN_GROUPS]]),
        "topics_svg": pictures.bars(usage.onderwerpen.most_common()),
        "questions": _questions(usage),
        "groups": groups,
    }
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(environment.get_template("page.html.j2").render(values), encoding="utf-8")
    return page


def _per_day(usage: figures.Usage) -> List[Tuple[str, int]]:
    if not usage.days:
        return []
    day, last = min(usage.days), max(usage.days)
    found = []
    while day <= last:
        found.append((day.strftime("%d-%m"), usage.days[day]))
        day += timedelta(days=1)
    return found


def _of(usage: figures.Usage, faq_id: str) -> Dict[str, int]:
    return {rating: usage.ratings[faq_id, rating] for rating in (UP, DOWN)}


def _thumbs(usage: figures.Usage, rating: str) -> int:
    return sum(count for (_, given), count in usage.ratings.items() if given == rating)


def _questions(usage: figures.Usage) -> List[Dict[str, Any]]:
    asked = {faq_id: question for question, faq_id in canonical_questions().items()}
    return [
        {"text": asked.get(faq_id, faq_id), "count": count, **_of(usage, faq_id)}
        for faq_id, count in usage.questions.most_common(TOP_QUESTIONS)
    ]


if __name__ == "__main__":
    raise SystemExit(main())
