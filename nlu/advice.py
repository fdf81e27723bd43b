"""The advice form in conversation: whether a message answers its question, and which word of it matters.

The form itself is in `advice/`; this module only tells answers from questions in between. At the free-text question
everything is the answer but a command that is the whole message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, FrozenSet, List, Mapping, Optional, Sequence, Tuple

from nlu.context import FOLLOW_UPS
from nlu.lexicon import Concepts, unique_names

FORM = "advice_form"
DRAFT_SLOT = "advies"
ANSWER, STATUS = "advice_answer", "request_status"
FAQ = "faq"
# Steps of the form, as the draft names them, and what the last reply may have been when the form is closed.
CONSENT, QUESTION, SUBJECT, NAME, CONTACT = "toestemming", "vraag", "onderwerp", "naam", "contact"
ORDER, TRANSCRIPT, CHECK, SUMMARY, CHANGE = "bestelnummer", "gesprek", "zelfcheck", "overzicht", "aanpassen"
SENT, PROOF = "verstuurd", "bewijs"
YES_NO = frozenset({CONSENT, TRANSCRIPT, CHECK})
STOP, BACK, SKIP, SEND, HERE, HUMAN = "stop", "terug", "overslaan", "versturen", "hier", "medewerker"
WHY = "waarom"
YES, NO = "ja", "nee"

_COMMANDS = frozenset({STOP, BACK, SKIP, WHY})
_FALLBACK = "nlu_fallback"
_MOST_STOP_WORDS = 9
_CANCEL = ("cancel", "chain_stop", "goodbye")
_AFFIRM, _DENY = "affirm", "deny"
# What a message is when it is neither an answer nor anything that deserves a reply of its own within the form.
_NO_INTERRUPTION = frozenset({_FALLBACK, _AFFIRM, _DENY, *_CANCEL, ANSWER, "check_answer"})
_NO_INTERRUPTION_PREFIXES = ("safety_", "chain_")  # triage, which comes later, sees matters of safety by itself
_QUESTIONS = frozenset(
    (
        *(
            "wat",
            "hoe",
            "waarom",
            "wanneer",
            "welke",
            "welk",
            "waar",
            "wie",
            "waardoor",
            "hoeveel",
            "kun",
            "kan",
            "kunnen",
        ),
        *("kunnen", "mag", "moet", "zijn", "heb", "hebben", "is", "doen", "doet", "verkopen", "leveren"),
    )
)
_WHY_WORDS = frozenset({"waarom", "hoezo", "waarvoor"})
_MOST_ANSWER_WORDS = 12
_MOST_NAME_WORDS = 5
_FEW_WORDS = 3
_SURE = 0.6
_UNCLEAR = frozenset({"out_of_scope", "other_language", "follow_up_topic", "follow_up_aspect"})
_DATA = frozenset({"data_export", "data_delete"})
_DIGITS = re.compile(r"\d(?:[\s./()-]*\d){5,}")
_ADDRESS = re.compile(r"\S@\S")
REFERENCE = re.compile(r"\bA[-\s]?(\d{4})[-\s]?(\d{4,6})\b", re.IGNORECASE)


@dataclass(frozen=True)
class AdviceTurn:
    """What a message is to the desk: an intent, the word that matters (a command, ja), the part to change."""

    intent: str
    word: Optional[str] = None
    part: Optional[str] = None


@dataclass(frozen=True)
class Said:
    """One message: its text, normalised words, and the intent that it would have by itself."""

    text: str
    words: Tuple[str, ...]
    intent: str
    confidence: float = 1.0

    @property
    def is_question(self) -> bool:
        """Whether it asks something."""
        return "?" in self.text or bool(self.words and self.words[0] in _QUESTIONS)

    @property
    def has_an_answer(self) -> bool:
        """Whether it is a question that has an answer, by itself or by what was said before."""
        return self.intent in (FAQ, *FOLLOW_UPS) and self.confidence >= _SURE

    @property
    def has_contact(self) -> bool:
        """Whether an e-mail address or a telephone number may be in it."""
        return bool(_ADDRESS.search(self.text) or _DIGITS.search(REFERENCE.sub(" ", self.text)))


class AdviceWords:
    """Looks up the words of `data/woordenboek/adviesantwoorden.yml`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        """Takes the joined content of the dictionary files. Raises KeyError when a list is missing."""
        self._commands = Concepts(data["adviesantwoorden"])
        self._yes_no = Concepts(data["adviesjanee"])
        self._subjects = Concepts(data["adviesonderwerpen"])
        self._parts = Concepts(data["adviesvelden"])
        self._asked_for = Concepts(data["adviesgevraagd"])
        self._beside: FrozenSet[str] = frozenset(str(word) for word in data["adviesbijwoorden"])

    def command(self, words: Sequence[str]) -> Optional[str]:
        """The command that the whole message is, None when it is none."""
        whole = [item.name for item in self._commands.find(words) if item.start == 0 and item.end == len(words)]
        return whole[0] if whole else None

    def says_only(self, words: Sequence[str], command: str) -> bool:
        """Whether a message is the command, or at SEND a yes, with nothing beside it that could mean something else:
        "is goed, versturen maar" is, "wacht nog met versturen" and "goed, maar ik wil er iets bij" are not."""
        spans = [item for item in self._commands.find(words) if item.name == command]
        if command == SEND:
            spans += [item for item in self._yes_no.find(words) if item.name == YES]
        else:
            spans += [item for item in self._yes_no.find(words) if item.name == YES] if spans else []
        covered = {i for item in spans for i in range(item.start, item.end)}
        return bool(spans) and all(i in covered or word in self._beside for i, word in enumerate(words))

    def asks_why(self, words: Sequence[str]) -> bool:
        """Whether it asks what something that the form wants to know is for: "waarom wil je mijn naam weten"."""
        return bool(words) and words[0] in _WHY_WORDS and bool(self._asked_for.find(words))

    def stops_first(self, words: Sequence[str]) -> bool:
        """Whether a short message begins by giving up: "hmm laat maar, dit is me te veel"."""
        return len(words) <= _MOST_STOP_WORDS and any(
            item.name == STOP and item.start <= 1 and item.end - item.start >= 2 for item in self._commands.find(words)
        )

    def yes_no(self, words: Sequence[str]) -> Optional[str]:
        """YES or NO; None when neither or when it says both, for consent must be clear."""
        names = {item.name for item in self._yes_no.find(words)}
        if self.says_both(words):
            return None
        return NO if NO in names else YES if names else None

    def says_both(self, words: Sequence[str]) -> bool:
        """Whether it begins with yes and takes something back: "ja maar niet mijn naam"."""
        found = self._yes_no.find(words)
        return {item.name for item in found} == {YES, NO} and any(i.name == YES and i.start == 0 for i in found)

    def begins_with_yes_no(self, words: Sequence[str]) -> bool:
        """Whether its first words say yes or no: "is goed", "mag"."""
        return any(item.start == 0 for item in self._yes_no.find(words))

    def subject(self, words: Sequence[str]) -> Optional[str]:
        """What the message says that the request is about."""
        names = unique_names(self._subjects.find(words))
        return next((name for name in self._subjects.names if name in names), None)

    def is_subject(self, words: Sequence[str]) -> bool:
        """Whether the whole message names a subject, such as "wat anders"."""
        return any(item.start == 0 and item.end == len(words) for item in self._subjects.find(words))

    def parts(self, words: Sequence[str]) -> List[str]:
        """Parts of the request that the message names; `CHANGE` among them when it wants a change."""
        return unique_names(self._parts.find(words))


def in_advice(step: str, said: Said, lists: AdviceWords) -> Optional[AdviceTurn]:
    """What a message is because of what the desk asked last.

    Args:
        step: the step that the open form stands at; SENT or PROOF when that was the last reply; '' otherwise.
        said: the message.
        lists: the words.

    Returns:
        A turn, or None when the message stays what it is.
    """
    if REFERENCE.search(said.text) and step in ("", SENT, PROOF):
        return None if said.intent in _DATA else AdviceTurn(STATUS)
    if not step:
        return None
    if step == PROOF:
        return AdviceTurn(STATUS) if said.has_contact else None
    command = lists.command(said.words)
    if step == SENT:
        return AdviceTurn(ANSWER, SEND) if command == SEND else None
    if command is None and step not in (QUESTION, NAME) and not said.is_question and lists.stops_first(said.words):
        command = STOP
    if command in _COMMANDS:
        return AdviceTurn(ANSWER, command)
    if command == HUMAN:
        return None
    if step == QUESTION:
        # "Ja, dat mag" pressed twice answers the question before this one.
        again = len(said.words) <= _FEW_WORDS and lists.begins_with_yes_no(said.words)
        return AdviceTurn(ANSWER, lists.yes_no(said.words) if again else None)
    if lists.asks_why(said.words) and len(said.words) <= _MOST_ANSWER_WORDS:
        return AdviceTurn(ANSWER, WHY)
    found = _corrects(step, said, lists) or _answer(step, said, lists, command)
    if found:
        return found
    if said.intent in _CANCEL and len(said.words) <= _MOST_NAME_WORDS and said.confidence >= _SURE and step != NAME:
        return AdviceTurn(ANSWER, STOP)
    return None if _interrupts(step, said) else AdviceTurn(ANSWER)


def _corrects(step: str, said: Said, lists: AdviceWords) -> Optional[AdviceTurn]:
    """Something that was asked before or comes later, such as "nee, mijn mail is ..." at another question."""
    if step in (CONSENT, CONTACT) or said.is_question:
        return None
    if _ADDRESS.search(said.text) or (step != ORDER and said.has_contact):
        return AdviceTurn(ANSWER, CHANGE, CONTACT)
    if step in (SUMMARY, CHANGE, SUBJECT) or len(said.words) > _MOST_ANSWER_WORDS:
        return None
    return _wants_change(said, lists)


def _wants_change(said: Said, lists: AdviceWords) -> Optional[AdviceTurn]:
    """Before the summary: the named part again, without a name the question before."""
    parts = lists.parts(said.words)
    if CHANGE not in parts or said.is_question:
        return None
    named = next((part for part in parts if part != CHANGE), None)
    return AdviceTurn(ANSWER, CHANGE, named) if named else AdviceTurn(ANSWER, BACK)


def _answer(step: str, said: Said, lists: AdviceWords, command: Optional[str]) -> Optional[AdviceTurn]:
    """The answer that a message clearly is."""
    few = len(said.words) <= _MOST_ANSWER_WORDS
    asks = said.is_question
    if step == CONTACT:
        if said.has_contact:
            return AdviceTurn(ANSWER)
        if command == HERE or lists.says_only(said.words, HERE):
            return AdviceTurn(ANSWER, HERE)
        return _wants_change(said, lists)
    elif step == ORDER:
        if any(c.isdigit() for c in said.text) and not asks:
            return AdviceTurn(ANSWER)
        if lists.yes_no(said.words) == NO and few and not asks:
            return AdviceTurn(ANSWER, SKIP)
    elif step == NAME:
        if tuple(said.words) in (("nee",), ("neen",)):
            return AdviceTurn(ANSWER, SKIP)
        if command in (SEND, HERE):
            return AdviceTurn(ANSWER, command)
        if few and not asks and CONTACT in lists.parts(said.words):  # "doe maar per telefoon" is nobody's name
            return AdviceTurn(ANSWER, None, CONTACT)
    elif step == SUBJECT and lists.is_subject(said.words):
        return AdviceTurn(ANSWER, lists.subject(said.words))
    elif step in YES_NO and few and (not asks or lists.begins_with_yes_no(said.words)):
        if lists.says_both(said.words):
            return AdviceTurn(ANSWER)
        word = lists.yes_no(said.words) or {_AFFIRM: YES, _DENY: NO}.get(said.intent)
        if word == YES and said.has_an_answer:  # "oke, en is dat medisch advies" agrees to nothing
            return None
        return AdviceTurn(ANSWER, word) if word else None
    elif step in (SUMMARY, CHANGE) and "?" not in said.text and lists.says_only(said.words, SEND):
        # "is goed" begins like a question. Who wanted a change and says yes sees once more what would be sent.
        return AdviceTurn(ANSWER, SEND if step == SUMMARY or command == SEND else BACK)
    elif asks or not few:
        return None
    elif step == SUBJECT:
        word = lists.subject(said.words)
        return AdviceTurn(ANSWER, word) if word else None
    elif step in (SUMMARY, CHANGE):
        return _about_summary(said, lists, command)
    return None


def _about_summary(said: Said, lists: AdviceWords, command: Optional[str]) -> Optional[AdviceTurn]:
    parts = lists.parts(said.words)
    named = next((part for part in parts if part != CHANGE), None)
    if command == SEND:
        return AdviceTurn(ANSWER, SEND)
    if CHANGE in parts or named:
        return AdviceTurn(ANSWER, CHANGE, named)
    if lists.yes_no(said.words) == NO:
        return AdviceTurn(ANSWER, CHANGE)
    # Sent is sent: a yes with something beside it is asked again.
    return AdviceTurn(ANSWER) if lists.yes_no(said.words) == YES else None


def _interrupts(step: str, said: Said) -> bool:
    """Whether a message that is no clear answer deserves a reply of its own, after which the form asks again."""
    if said.intent in _NO_INTERRUPTION or said.intent.startswith(_NO_INTERRUPTION_PREFIXES):
        return False
    few = len(said.words) <= _MOST_NAME_WORDS
    if few and not said.is_question and (said.intent in _UNCLEAR or said.confidence < _SURE):
        return False
    if step != NAME:
        return True
    # Any word can be a name: only what asks, is long, or is a sentence that the assistant surely knows is none.
    return said.is_question or len(said.words) > _MOST_NAME_WORDS or _is_talk(said)


def _is_talk(said: Said) -> bool:
    return said.intent in _TALK and said.confidence >= _SURE


_TALK: FrozenSet[str] = frozenset(
    (
        *("greet", "thank", "help", "bot_challenge", "request_human", "request_advice", "complain", "data_export"),
        *("data_delete", STATUS, "insult", "feedback_negative", "check_chain"),
    )
)
