"""The walk through the chain, step by step. Its whole state is one number: 0 after the overview, then 1 to the last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple

from chain import gallery, route
from chain.explain import OVERVIEW, STEP, Answer, overview
from chain.model import Chain
from chain.wording import buttons, link_values, sentence


@dataclass(frozen=True)
class Turn:
    """A reply of the walk and where the walk stands after it (None: nowhere)."""

    answer: Answer
    step: Optional[int]

    def metadata(self) -> Dict[str, Any]:
        """The answer's metadata with the step."""
        return {**self.answer.metadata(), "stap": self.step}


def read_step(value: Any, chain: Chain) -> Optional[int]:
    """The state as it stands in a slot; None for anything that is no step of this chain."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != int(value):
        return None
    return int(value) if 0 <= value <= len(route.steps(chain)) else None


def start(chain: Chain) -> Turn:
    """The overview; the next step is the first."""
    return Turn(overview(chain), 0)


def forward(chain: Chain, step: Optional[int]) -> Turn:
    """The next step; the overview when no walk was going on, a closing line after the last step."""
    if step is None:
        return start(chain)
    last = len(route.steps(chain))
    if step >= last:
        text = sentence(chain, "einde", aantal=str(last))
        return Turn(Answer(text, STEP, route.steps(chain)[-1], buttons=_closing(chain)), last)
    return at(chain, step + 1)


def back(chain: Chain, step: Optional[int]) -> Turn:
    """The step before; at the beginning, where to start."""
    if step is None:
        return start(chain)
    if step <= 1:
        text = sentence(chain, "begin", aantal=str(len(route.steps(chain))))
        return Turn(Answer(text, OVERVIEW, buttons=buttons(chain, "begin", "keten")), 0)
    return at(chain, step - 1)


def at(chain: Chain, number: int) -> Turn:
    """A step by its number from 1; a number that does not exist is said so, without moving."""
    names = route.steps(chain)
    if not 1 <= number <= len(names):
        text = sentence(chain, "stap_onbekend", aantal=str(len(names)))
        return Turn(Answer(text, OVERVIEW, buttons=buttons(chain, "begin", "keten")), None)
    link = names[number - 1]
    statement = chain.schakels[link].stap
    assert statement is not None  # that is what makes it a step
    template = "stap_laatste" if number == len(names) else "stap"
    values = {"nummer": str(number), "aantal": str(len(names)), "schakel": link, "tekst": statement.tekst}
    text = sentence(chain, template, **values)
    shown = _closing(chain) if number == len(names) else buttons(chain, "volgende", "vorige", "stop")
    return Turn(Answer(text, STEP, link, "", gallery.of_link(chain, link), shown, (statement,)), number)


def to_link(chain: Chain, link: str) -> Turn:
    """The step of a link; for a helper, what it does and which step it belongs to."""
    number, of_step = route.step_of(chain, link)
    if of_step == link:
        return at(chain, number)
    statement = chain.schakels[link].wat
    values = {"tekst": statement.tekst, "nummer": str(number), "aantal": str(len(route.steps(chain)))}
    text = sentence(chain, "naar_schakel", **values, **{**link_values(chain, link), "schakel": of_step})
    shown = buttons(chain, "volgende", "vorige", "stop")
    return Turn(Answer(text, STEP, link, "", gallery.of_link(chain, link), shown, (statement,)), number)


def resume(chain: Chain, step: Optional[int]) -> Turn:
    """The step where the walk was left; the overview when it had not begun."""
    return at(chain, step) if step else start(chain)


def stop(chain: Chain, step: Optional[int]) -> Turn:
    """Says that the walk rests and how to go on; the step is kept for that."""
    if not step:
        return Turn(Answer(sentence(chain, "gestopt_begin"), "", buttons=buttons(chain, "keten")), step)
    text = sentence(chain, "gestopt", nummer=str(step), aantal=str(len(route.steps(chain))))
    return Turn(Answer(text, "", buttons=buttons(chain, "verder")), step)


def _closing(chain: Chain) -> Tuple[Any, ...]:
    return buttons(chain, "vastlopen", "check", "vorige")
