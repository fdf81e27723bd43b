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

FALLBACK = "nlu_fallback"
_OVERVIEW = "overzicht"
_WALK = frozenset({"stap", _OVERVIEW})
_CHECK = "check"
_BLOCKERS = frozenset({"blokkades", "blokkade"})
_ASKS = frozenset({"na", "voor", "voeding", "zekerheid", "te_weinig"})
_FEW_WORDS = 5
_VERY_FEW_WORDS = 3
_FIRST_WORDS = 1
_VAGUE = frozenset({"follow_up_more", "follow_up_topic", "follow_up_aspect", FALLBACK, "out_of_scope"})
# A message of another intent than these can still answer a question of the self-check, for "soms" is no intent.
_QUESTIONS = frozenset({"wat", "hoe", "waarom", "wanneer", "welke", "waar", "wie", "waardoor", "hoeveel", "kun", "kan"})
_MOST_ANSWER_WORDS = 12
_MOST_WORDS = 14
_MOST_GREETING_WORDS = 2


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
        short: blockers that a word stands for where blockers are spoken about.
    """

    asked: FrozenSet[str] = frozenset()
    step: Optional[str] = None
    answer: Optional[str] = None
    links: Tuple[str, ...] = ()
    blockers: Tuple[str, ...] = ()
    words: Tuple[str, ...] = ()
    short: Tuple[str, ...] = ()


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
        self._short = Concepts(data["blokkades_kort"])

    def hear(self, words: Sequence[str], links: Sequence[str], blockers: Sequence[str]) -> ChainHeard:
        """Reads normalised words, with the links and blockers that are found in them already."""
        # "En ijzer?" follows up, "b12 en foliumzuur" does not.
        found = [item for item in self._asked.find(words) if item.name != "vervolg" or item.start <= _FIRST_WORDS]
        if links or blockers:  # "en dan?" asks what follows, "en dan magnesium?" does not
            found = [item for item in found if item.name != "na" or words[item.end - 1] != "dan"]
        asked = frozenset(unique_names(found))
        steps = unique_names(self._steps.find(words))
        if not steps and len(words) == 1 and words[0] in self._numbers:
            steps = [words[0]]
        return ChainHeard(
            asked=asked,
            step=steps[0] if steps else None,
            answer=self._answer(words),
            links=tuple(links),
            blockers=tuple(blockers),
            words=tuple(words),
            short=tuple(unique_names(self._short.find(words))),
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
    if (label.startswith("faq/") or label in _VAGUE) and "keten" in heard.asked and (heard.links or heard.blockers):
        # Who says "keten" asks for a link's place in it, not for the substance in general.
        return Turn(LINK if heard.links else BLOCKER, heard)
    if not heard.words:
        return None
    if kind == _CHECK:
        return _in_check(label, heard) if focus.get("open") else None
    if kind not in _WALK and focus.get("stap") and _goes_on(label, heard):
        return Turn(RESUME, heard)
    if not kind:
        return None
    if kind in _BLOCKERS and not heard.blockers and len(heard.words) <= _VERY_FEW_WORDS:
        heard = replace(heard, blockers=heard.short)
    intent = (_in_walk(label, heard, kind) if kind in _WALK else None) or _after_answer(label, heard, kind)
    if intent and label == "follow_up_more":
        heard = replace(heard, asked=heard.asked | {"meer"})
    return Turn(intent, heard) if intent else None


def _in_check(label: str, heard: ChainHeard) -> Optional[Turn]:
    if _answers_check(label, heard):
        return Turn(ANSWER, heard)
    # "Hoezo wil je dat weten?" and "'s middags even wandelen" get the question explained, not another subject.
    asks_why = heard.words[0] in ("waarom", "hoezo", "waarvoor") and not (heard.links or heard.blockers)
    beside = (asks_why and label in _VAGUE) or (label == "greet" and len(heard.words) > _MOST_GREETING_WORDS)
    return Turn(FALLBACK, heard) if beside else None


def _goes_on(label: str, heard: ChainHeard) -> bool:
    return label == "follow_up_more" and "verder" in heard.asked and len(heard.words) <= _VERY_FEW_WORDS


def _answers_check(label: str, heard: ChainHeard) -> bool:
    if heard.answer is None or len(heard.words) > _MOST_ANSWER_WORDS:
        return False
    return not (heard.words[0] in _QUESTIONS or label in ("cancel", "request_human", "request_advice"))


def _in_walk(label: str, heard: ChainHeard, kind: str) -> Optional[str]:
    if heard.step and len(heard.words) <= _FEW_WORDS:
        return GOTO
    if label == "cancel":
        return PREVIOUS if "terug" in heard.asked else NEXT if "overslaan" in heard.asked else STOP
    if heard.links or heard.blockers:
        return None
    if label == "follow_up_more" and kind == _OVERVIEW:
        return NEXT
    if label == "help" and "terug" in heard.asked:
        return "explain_chain"  # back to the beginning: of the walk, not of the conversation
    if label in ("follow_up_more", "follow_up_topic") and heard.asked & {"verder", "na"}:
        return NEXT
    if label in (LINK, "follow_up_aspect", "nlu_fallback") and len(heard.words) <= _FEW_WORDS:
        return NEXT if "na" in heard.asked else PREVIOUS if "voor" in heard.asked else None
    return None


def _after_answer(label: str, heard: ChainHeard, kind: str) -> Optional[str]:
    few = len(heard.words) <= _FEW_WORDS
    asked = heard.asked
    follows = "vervolg" in asked and few
    if label == "follow_up_more" or (label == "follow_up_aspect" and asked & _ASKS and not heard.links):
        return LINK
    if heard.blockers and "hapert" in asked and len(heard.words) <= _MOST_WORDS and not label.startswith("faq/winkel_"):
        return BLOCKER  # "en als ik altijd stress heb, loopt het dan vast"
    if heard.links or heard.blockers:
        is_alone = kind in _BLOCKERS and len(heard.words) == 1
        is_there = few and "plek" in asked and not label.startswith("faq/winkel_")
        if not (label in ("follow_up_topic", "follow_up_aspect", FALLBACK) or follows or is_alone or is_there):
            return None
        return BLOCKER if heard.blockers and (kind in _BLOCKERS or not heard.links) else LINK
    if few and (asked & {"hulpstof", "b_vitamines"} or (kind == "tussen" and "terug" in asked)):
        return LINK
    if few and "zekerheid" in asked and (label in _VAGUE or _doubts(heard.words)):
        return LINK
    if few and asked & {"na", "voor"}:
        is_short = "vervolg" in asked and len(heard.words) <= _VERY_FEW_WORDS
        return LINK if label == FALLBACK or label.startswith("faq/") or is_short else None
    return None


def _doubts(words: Sequence[str]) -> bool:
    """Whether "zeker" asks for proof: "is dat zeker?" does, "ja zeker" does not."""
    return len(words) > 1 and words[0] in ("is", "klopt", "hoe", "waarom", "waar")
