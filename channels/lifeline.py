"""What a customer reads when the assistant itself can't answer: never silence, and help first.

Needs no database and no action server: the texts are read at start, triage is in memory. Without a model its patterns
look by themselves.
"""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Dict, Mapping

from content.catalogue import fill
from content.helplines import helpline_placeholders
from content.reading import read_yaml
from content.texts import STORING, load_texts
from nlu.levels import ORDER, PREFIX, URGENT
from nlu.triage import assess
from nlu.triage_component import assess_alone
from shop.settings import load_environment, load_shop

logger = logging.getLogger(__name__)
RESPONSES = Path("data/veiligheid/responses.yml")
EXAMPLES = Path("data/veiligheid/nlu.yml")
_PREFIX = "utter_" + PREFIX
_NO_EXAMPLES: Mapping[str, str] = {}
_WORD = re.compile(r"\w+")


def _plain(text: str) -> str:
    """Words in small letters with one blank between and around them."""
    return f" {' '.join(_WORD.findall(text.lower()))} "


class Lifeline:
    """Chooses between the apology and the fixed reply to a matter of safety."""

    def __init__(self, apology: str, replies: Mapping[str, str], examples: Mapping[str, str] = _NO_EXAMPLES) -> None:
        """Sets up.

        Args:
            apology: the text for everything else.
            replies: {safety level: text}.
            examples: {example: safety level} of the urgent levels: triage's patterns leave the plainest words ("ik wil
                dood") to its classifier, which is part of the model and may be what is missing.
        """
        self._apology = apology
        self._replies = replies
        self._examples = {_plain(example): level for example, level in examples.items()}

    def reply(self, text: str) -> str:
        """The text for a message that could not be answered; never raises."""
        try:
            hit = assess_alone(text)
        except Exception:  # an apology is better than nothing
            logger.exception("Triage failed.")
            return self._apology
        level = self._by_example(text) if hit is None else hit.intent[len(PREFIX) :]
        return self._replies.get(level, self._apology)

    def _by_example(self, text: str) -> str:
        """The level of an example that the text holds, word for word; '' when it holds none."""
        plain = _plain(text)
        found = {level for example, level in self._examples.items() if example in plain}
        return next((level for level in ORDER if level in found), "")


def load_lifeline() -> Lifeline:
    """Reads the texts. Raises ValueError when one of them lacks what it needs."""
    shop = load_shop(Path(load_environment().shop_file)).placeholders()
    values = {**shop, **helpline_placeholders()}
    content = read_yaml(RESPONSES)
    replies: Dict[str, str] = {}
    for name, variations in content["responses"].items():
        if name.startswith(_PREFIX):
            texts = [fill(variation["text"], values) for variation in variations if "condition" not in variation]
            filled = [text for text in texts if text]
            if not filled:
                raise ValueError(f"{name} in {RESPONSES} has no variation that needs no conversation.")
            replies[name[len(_PREFIX) :]] = filled[0]
    assess("")  # reads the patterns now, not when something is wrong
    return Lifeline(load_texts()[STORING][0]["text"], replies, _examples())


def _examples() -> Dict[str, str]:
    """{example: level} of the urgent levels, as triage's classifier learns them."""
    content = read_yaml(EXAMPLES)
    return {
        line.strip()[2:]: block["intent"][len(PREFIX) :]
        for block in content["nlu"]
        if block.get("intent", "")[len(PREFIX) :] in URGENT
        for line in block["examples"].splitlines()
        if line.strip().startswith("- ")
    }
