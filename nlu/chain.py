"""The chain in conversation: what a message asks about it, and what "volgende", "ja" or "en magnesium?" mean there.

Decides by what the assistant's last reply was about (`keten` in its metadata, see `chain.explain.Answer.metadata`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, FrozenSet, Mapping, Optional, Sequence, Tuple

from nlu.lexicon import Concepts, unique_names

LINK, BLOCKER, NEXT, PREVIOUS = "explain_chain_link", "explain_chain_blocker", "chain_next", "chain_previous"
GOTO, STOP, RESUME, ANSWER = "chain_goto", "chain_stop", "chain_resume", "check_answer"
CHAIN_INTENTS = frozenset({"explain_chain", LINK, BLOCKER, NEXT, PREVIOUS, GOTO, STOP, RESUME, ANSWER})

_WALK = frozenset({"stap", "overzicht"})
_CHECK = "check"
_ASKS = frozenset({"na", "voor", "voeding", "zekerheid", "te_weinig"})
_FEW_WORDS = 5
_FIRST_WORDS = 1
# A message of another intent than these can still answer a question of the self-check, for "soms" is no intent.
_QUESTIONS = frozenset({"wat", "hoe", "waarom", "wanneer", "welke", "waar", "wie", "waardoor", "hoeveel", "kun", "kan"})
_MOST_ANSWER_WORDS = 12


@dataclass(frozen=True)
class ChainHeard:
    """What a message says that matters to the chain.

    Attributes:
        asked: keys of `ketenvragen`.
        step: key of `stapnummers`, None without one.
        answer: key of `checkantwoorden`, None when it is no such answer.
        links: links that it names, in order.
        blockers: blockers that it names, in order.
        words: the normalised words.
    """

    asked: FrozenSet[str] = frozenset()
    step: Optional[str] = None
    answer: Optional[str] = None
    links: Tuple[str, ...] = ()
    blockers: Tuple[str, ...] = ()
    words: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Turn:
    """What a message is in a conversation about the chain: its intent and what it says there."""

    intent: str
    heard: ChainHeard


class ChainWords:
    """Looks up the words of `data/woordenboek/ketenvragen.yml`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Takes the joined content of the dictionary files. Raises KeyError when a list is missing."""
        self._asked = Concepts(data["ketenvragen"])
        self._steps = Concepts(data["stapnummers"])
        self._answers = Concepts(data["checkantwoorden"])
        self._numbers = frozenset(data["stapnummers"])

    def hear(self, words: Sequence[str], links: Sequence[str], blockers: Sequence[str]) -> ChainHeard:
        """Reads normalised words, with the links and blockers that are found in them already."""
        # "En ijzer?" follows up, "b12 en foliumzuur" does not.
        found = [item for item in self._asked.find(words) if item.name != "vervolg" or item.start <= _FIRST_WORDS]
        asked = frozenset(unique_names(found))
        steps = unique_names(self._steps.find(words))
        if not steps and len(words) == 1 and words[0] in self._numbers:
            steps = [words[0]]
        return ChainHeard(
            asked, steps[0] if steps else None, self._answer(words), tuple(links), tuple(blockers), tuple(words)
        )

    def _answer(self, words: Sequence[str]) -> Optional[str]:
        found = self._answers.find(words)
        first = [item.name for item in found if item.start == 0 and item.end == 1]
        mixed = [name for name in self._answers.names if any(item.name == name for item in found)]
        if mixed and mixed[0] not in ("weet niet", "soms") and first:
            return first[0]
        return mixed[0] if mixed else None


def in_chain(label: str, focus: Mapping[str, Any], heard: ChainHeard) -> Optional[Turn]:
    """What a message is because of the reply before it.

    Args:
        label: the best label for the message by itself (an intent, `faq/<id>`, or `nlu_fallback`).
        focus: `keten` of the last reply's metadata; empty when that was not about the chain.
        heard: see `ChainHeard`.

    Returns:
        A turn, or None when the label stands.
    """
    kind = str(focus.get("vraag") or "")
    if label.startswith("safety_"):
        return None
    if label.startswith("faq/") and "keten" in heard.asked and (heard.links or heard.blockers):
        return Turn(LINK, heard)  # who says "keten" asks for a link's place in it, not for the substance in general
    if not kind:
        return None
    if kind == _CHECK:
        return Turn(ANSWER, heard) if focus.get("open") and _answers_check(label, heard) else None
    intent = (_in_walk(label, heard) if kind in _WALK else None) or _after_answer(
        label, heard, bool(focus.get("blokkade"))
    )
    if intent and label == "follow_up_more":
        heard = replace(heard, asked=heard.asked | {"meer"})
    return Turn(intent, heard) if intent else None


def _answers_check(label: str, heard: ChainHeard) -> bool:
    if heard.answer is None or len(heard.words) > _MOST_ANSWER_WORDS:
        return False
    return not (heard.words[0] in _QUESTIONS or label in ("cancel", "request_human", "request_advice"))


def _in_walk(label: str, heard: ChainHeard) -> Optional[str]:
    if heard.step and len(heard.words) <= _FEW_WORDS:
        return GOTO
    if label == "cancel":
        return PREVIOUS if "terug" in heard.asked else NEXT if "overslaan" in heard.asked else STOP
    if heard.links or heard.blockers:
        return None
    if label == "help" and "terug" in heard.asked:
        return "explain_chain"  # back to the beginning: of the walk, not of the conversation
    if label in ("follow_up_more", "follow_up_topic") and heard.asked & {"verder", "na"}:
        return NEXT
    if label in (LINK, "follow_up_aspect", "nlu_fallback") and len(heard.words) <= _FEW_WORDS:
        return NEXT if "na" in heard.asked else PREVIOUS if "voor" in heard.asked else None
    return None


def _after_answer(label: str, heard: ChainHeard, about_blocker: bool) -> Optional[str]:
    few = len(heard.words) <= _FEW_WORDS
    if label == "follow_up_more" or (label == "follow_up_aspect" and heard.asked & _ASKS and not heard.links):
        return LINK
    if heard.links or heard.blockers:
        follows = label in ("follow_up_topic", "follow_up_aspect", "nlu_fallback") or ("vervolg" in heard.asked and few)
        is_link = heard.links and not (about_blocker and heard.blockers)
        return (LINK if is_link else BLOCKER) if follows else None
    if few and heard.asked & {"na", "voor"} and (label == "nlu_fallback" or label.startswith("faq/")):
        return LINK
    return None
