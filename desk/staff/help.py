"""What an owner can pass on at an urgent message: the checked safety reply with its telephone numbers."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Dict

from ruamel.yaml import YAML

from content.helplines import helpline_placeholders
from nlu.levels import ORDER, PREFIX, URGENT
from nlu.triage import assess

REPLIES = Path("data/veiligheid/responses.yml")
_ABOUT_THE_BOT = "medewerker"  # lines that offer a human: there is one


@lru_cache(maxsize=1)
def _replies() -> Dict[str, Any]:
    found: Dict[str, Any] = YAML(typ="safe").load(REPLIES.read_text(encoding="utf-8"))["responses"]
    return found


def help_for(text: str) -> str:
    """The reply for what the message holds, the general emergency reply when the patterns no longer say what."""
    hit = assess(text)
    levels = {hit.name, *hit.also} if hit else set()
    level = next((name for name in ORDER if name in levels and name in URGENT), "emergency")
    variations = _replies()[f"utter_{PREFIX}{level}"]
    reply = str(next(v for v in variations if not v.get("condition"))["text"])
    for name, value in helpline_placeholders().items():
        reply = reply.replace(f"{{{name}}}", value)
    return "\n".join(line for line in reply.splitlines() if _ABOUT_THE_BOT not in line).strip()
