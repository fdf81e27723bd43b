"""What customers say: a dialogue to each of the points at which a part breaks, and how it goes on afterwards."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import Dict, List, Optional, Sequence, Tuple, Type

from faults.talkers import Talker, Turn
from faults.world import until

SAFETY = "ik wil dood"
SAFETY_NUMBERS = ("113", "112")
APOLOGY = "Er gaat iets mis aan onze kant"
REFUSALS = (APOLOGY, "Dit bericht kan ik niet lezen")
RECEIPT = ("Je referentie is", "is al verstuurd")
MOST_TURNS = 14
# By what the form asks: what the customer answers.
ANSWERS = (
    ("Er is nog niets verstuurd", "versturen"),
    ("Wat wil je aanpassen", "terug"),
    ("Mag wat we hiervoor", "nee, niet meesturen"),
    ("Waar mag het antwoord heen", "jan@voorbeeld.nl"),
    ("kies dan 'Antwoord hier'", "jan@voorbeeld.nl"),
    ("Hoe mogen zij je noemen", "Jan"),
    ("Waar gaat je vraag vooral over", "slaap"),
    ("Wat wil je vragen", "{question}"),
    ("Mag de winkel je antwoorden hiervoor gebruiken", "ja, dat mag"),
)


@dataclass(frozen=True)
class Point:
    """A moment in a dialogue.

    Attributes:
        name: as the table shows it.
        before: lines that lead there, `{question}` stands for a question that is this conversation's own.
        line: what is said while something is broken.
        expected: words of the answer when all is well.
        sends: whether the dialogue goes on until an advice request is sent.
        with_form: only where the advice form is (True) or is not (False); None for every channel.
    """

    name: str
    before: Sequence[str]
    line: str
    expected: str
    sends: bool = False
    with_form: Optional[bool] = None


_FORM = ("persoonlijk advies", "ja, dat mag", "{question}", "slaap")
POINTS = (
    Point("first message", (), "wat is magnesium?", "Magnesium"),
    Point("follow-up", ("wat is magnesium?",), "en wat zijn de bijwerkingen?", ""),
    Point("chain walk", ("leg de keten uit",), "volgende", ""),
    Point("form halfway", _FORM, "Jan", "Waar mag het antwoord heen", True, with_form=True),
    Point("send", (*_FORM, "Jan", "jan@voorbeeld.nl"), "versturen", "Je referentie is", True, with_form=True),
    Point("link to form", (), "persoonlijk advies", "https://chat.voorbeeld.nl", with_form=False),
    Point("human wanted", ("wat is magnesium?",), "medewerker", "", with_form=False),
)


def points_of(talker: Type[Talker]) -> List[Point]:
    """The five points of a channel."""
    return [point for point in POINTS if point.with_form in (None, talker.has_form)]


@dataclass
class Conversation:
    """A customer at a point.

    Attributes:
        problems: what is wrong, by kind: lost, doubled, silent, stuck.
        waited: seconds until something came back for the line, None when nothing did.
    """

    talker: Talker
    point: Point
    question: str = field(default_factory=lambda: new_question())
    turn: Optional[Turn] = None
    waited: Optional[float] = None
    problems: Dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For messages."""
        return f"{self.talker.channel}, {self.point.name}"

    def arrive(self) -> None:
        """Talks until the point; all is well meanwhile."""
        for line in self.point.before:
            turn = self.talker.ask(line.format(question=self.question))
            self.talker.settle()
            if not turn.heard or APOLOGY in turn.reply:
                self.problems["not there"] = f"{line}: {turn.reply[:80]!r}"

    def break_in(self, patience: float) -> None:
        """Says the line; waits for whatever comes back."""
        turn = self.turn = self.talker.say(self.point.line)
        self.talker.hear(turn, patience - (time.monotonic() - turn.said))
        if turn.heard:
            self.waited = turn.heard[0][0] - turn.said

    def go_on(self, healed: float, counts_from_healing: bool, limit: float) -> None:
        """After the part works again: gets the line answered, then talks to the end."""
        turn = self.turn
        assert turn is not None
        deadline = time.monotonic() + 40.0
        while not turn.accepted and time.monotonic() < deadline:
            self.talker.send(turn)
            if not turn.accepted:
                time.sleep(0.3)
        if not turn.accepted:
            self.problems["stuck"] = "the line was never taken"
            return
        if not self.talker.hear(turn, 40.0):
            self.problems["lost"] = f"{turn.text!r} was accepted and never answered"
        elif self.waited is None or counts_from_healing:
            self.waited = max(0.0, turn.heard[0][0] - max(turn.said, healed if counts_from_healing else 0.0))
        if self.waited is None or self.waited > limit:
            when = "never" if self.waited is None else f"after {self.waited:.1f} s"
            self.problems["silent"] = f"an answer {when}"
        # A refusal was shown, then the same message was taken: its real answer comes as well.
        if turn.heard and any(words in turn.reply for words in REFUSALS):
            until(lambda: not any(words in self.talker.heard(turn)[-1][1] for words in REFUSALS), 3.0)
        self._to_the_end()

    def _to_the_end(self) -> None:
        turn = self.turn
        assert turn is not None
        reply, said = turn.reply, turn.text
        if not self.point.sends:
            if not self.point.expected or self.point.expected not in reply:
                self._ask_well(said if APOLOGY in turn.heard[-1][1] else "wat is serotonine?")
            return
        for _ in range(MOST_TURNS):
            if any(words in reply for words in RECEIPT):
                return
            said = next_line(reply, said)
            answered = self.talker.ask(said.format(question=self.question))
            if not answered.heard:
                self.problems["lost"] = f"{said!r} was accepted and never answered"
                return
            reply = answered.reply
        self.problems["stuck"] = f"the request was not sent; at the end: {reply[-120:]!r}"

    def _ask_well(self, line: str) -> None:
        """Once more, when all is well."""
        answered = self.talker.ask(line)
        if APOLOGY in answered.reply:
            answered = self.talker.ask(line)
        if not answered.heard:
            self.problems["lost"] = f"{line!r} was accepted and never answered"
        elif APOLOGY in answered.reply:
            self.problems["stuck"] = "still an apology after the part was well again"

    def finish(self) -> None:
        """Hears what else comes, and looks for doubled answers."""
        self.talker.listen()
        doubled = self.talker.doubled()
        if doubled:
            self.problems["doubled"] = "; ".join(doubled)


def new_question() -> str:
    """A question that nobody else asks, by which its case is found."""
    return f"Ik slaap slecht, kenmerk {uuid.uuid4().hex[:12]}"


def next_line(reply: str, said: str) -> str:
    """What a customer who fills in the form says after a reply: the answer to its question, the same again after an
    apology, and when there is neither the form is gone, as after a long silence, and is asked for again."""
    answer = next((answer for words, answer in ANSWERS if words in reply), "")
    return answer or (said if not reply or APOLOGY in reply else "persoonlijk advies")


@dataclass
class CryForHelp:
    """Somebody in need while something is broken."""

    talker: Talker
    turn: Optional[Turn] = None

    def cry(self, patience: float) -> None:
        """Says it; waits for the numbers."""
        self.turn = self.talker.say(SAFETY)
        self.hear(patience)

    def keep_listening(self) -> None:
        """Until the numbers came, at most a minute."""
        self.hear(60.0)

    def hear(self, seconds: float) -> None:
        """Waits for the numbers, and says it again where it was not taken."""
        turn = self.turn
        assert turn is not None
        deadline = time.monotonic() + seconds
        while not self.is_answered and time.monotonic() < deadline:
            if not turn.accepted and not turn.heard:
                self.talker.send(turn)
            self.talker.listen()
            time.sleep(0.1)

    @property
    def is_answered(self) -> bool:
        """Whether all numbers were told."""
        return self.turn is not None and all(number in self.turn.reply for number in SAFETY_NUMBERS)

    def result(self, since: float, limit: float) -> Tuple[bool, float]:
        """Whether the numbers came in time, and after how many seconds."""
        assert self.turn is not None
        times = [when for when, text in self.turn.heard if SAFETY_NUMBERS[0] in text]
        waited = max(0.0, min(times) - max(self.turn.said, since)) if times else float("inf")
        return self.is_answered and waited <= limit, waited
