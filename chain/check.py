"""The self-check: five questions, then what one can pay attention to. No score, no diagnosis, no product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Optional, Tuple

from chain import gallery
from chain.explain import CHECK, Answer
from chain.model import Chain
from chain.wording import Button, button

UNSURE = "weet niet"
SLOT = "check_"  # slot of a question: check_<id>


@dataclass(frozen=True)
class Outcome:
    """The end of the check: the answer to utter, and the ids of the questions that ask for attention."""

    answer: Answer
    attention: Tuple[str, ...]


def outcome(chain: Chain, answers: Mapping[str, Optional[str]]) -> Outcome:
    """What to pay attention to.

    Args:
        answers: question id to ja, soms, nee or 'weet niet'; missing or other values count as 'weet niet'.
    """
    known = {i: answer for i, answer in answers.items() if answer in chain.check.antwoorden}
    attention = tuple(i for i, asked in chain.check.vragen.items() if known.get(i, UNSURE) in asked.opletten)
    tips = "\n".join(f"- {chain.check.vragen[i].tip}" for i in attention)
    text = chain.check.uitkomst.format(tips=tips) if attention else chain.check.uitkomst_zonder
    picture = gallery.of_check(chain, attention)
    tips_shown = [chain.check.vragen[i].knop for i in attention]
    shown = (button(chain, "advies"), *(Button(text.titel, text.tekst) for text in tips_shown))
    return Outcome(Answer(text.strip(), CHECK, picture=picture, buttons=shown), attention)
