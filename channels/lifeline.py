"""What a customer reads when the assistant itself can't answer: never silence, and help first.

Needs no database and no action server: the texts are read at start, triage is in memory. Without a model its patterns
look by themselves.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Dict, Mapping

from ruamel.yaml import YAML

from content.catalogue import fill
from content.helplines import helpline_placeholders
from content.texts import STORING, load_texts
from nlu.triage import PREFIX, assess
from nlu.triage_component import assess_alone
from shop.settings import load_environment, load_shop

logger = logging.getLogger(__name__)
RESPONSES = Path("data/veiligheid/responses.yml")
_PREFIX = "utter_" + PREFIX


class Lifeline:
    """Chooses between the apology and the fixed reply to a matter of safety."""

    def __init__(self, apology: str, replies: Mapping[str, str]) -> None:
        """Args: apology: the text for everything else. replies: {safety level: text}."""
        self._apology = apology
        self._replies = replies

    def reply(self, text: str) -> str:
        """The text for a message that could not be answered; never raises."""
        try:
            hit = assess_alone(text)
        except Exception:  # an apology is better than nothing
            logger.exception("Triage failed.")
            return self._apology
        return self._apology if hit is None else self._replies.get(hit.intent[len(PREFIX) :], self._apology)


def load_lifeline() -> Lifeline:
    """Reads the texts. Raises ValueError when one of them lacks what it needs."""
    shop = load_shop(Path(load_environment().shop_file)).placeholders()
    values = {**shop, **helpline_placeholders()}
    content = YAML(typ="safe", pure=True).load(RESPONSES.read_text(encoding="utf-8"))
    replies: Dict[str, str] = {}
    for name, variations in content["responses"].items():
        if name.startswith(_PREFIX):
            texts = [fill(variation["text"], values) for variation in variations if "condition" not in variation]
            filled = [text for text in texts if text]
            if not filled:
                raise ValueError(f"{name} in {RESPONSES} has no variation that needs no conversation.")
            replies[name[len(_PREFIX) :]] = filled[0]
    assess("")  # reads the patterns now, not when something is wrong
    return Lifeline(load_texts()[STORING][0]["text"], replies)
