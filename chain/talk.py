"""One turn of a conversation about the chain: from what was understood to what is said. `actions/chain.py` wraps it."""

from __future__ import annotations

from dataclasses import replace
from typing import Callable, Dict, Optional

from chain import explain, route, walk
from chain.explain import NO_FOCUS, OVERVIEW, STEP, Answer, Focus, Heard
from chain.model import Chain
from chain.walk import Turn
from chain.wording import button

LAST = "laatste"

_WALK: Dict[str, Callable[[Chain, Optional[int]], Turn]] = {
    "chain_next": walk.forward,
    "chain_previous": walk.back,
    "chain_resume": walk.resume,
    "chain_stop": walk.stop,
}


def reply(
    chain: Chain,
    intent: str,
    heard: Heard,
    focus: Focus = NO_FOCUS,
    step: Optional[int] = None,
    named_step: Optional[str] = None,
) -> Turn:
    """What to say, and where the walk stands afterwards.

    Args:
        chain: the chain.
        intent: an intent about the chain; an unknown one counts as explain_chain.
        heard: what the message names and asks.
        focus: what the last reply was about.
        step: where the walk stands, None when there is none.
        named_step: the step that the message names: a number in digits, or 'laatste'.
    """
    if intent in _WALK:
        return _WALK[intent](chain, step)
    if intent == "chain_goto":
        return _goto(chain, heard, step, named_step)
    if intent == "explain_chain_link":
        return _answer(chain, explain.answer(chain, explain.question_about_links(chain, heard, focus)), step)
    if intent == "explain_chain_blocker":
        return _answer(chain, explain.answer(chain, explain.question_about_blockers(chain, heard, focus)), step)
    return walk.start(chain)


def _goto(chain: Chain, heard: Heard, step: Optional[int], named_step: Optional[str]) -> Turn:
    count = len(route.steps(chain))
    if named_step == LAST:
        return walk.at(chain, count)
    if named_step is not None and named_step.isdigit():
        turn = walk.at(chain, int(named_step))
        return turn if turn.step is not None else replace(turn, step=step)
    return walk.to_link(chain, heard.links[0]) if heard.links else walk.resume(chain, step)


def _answer(chain: Chain, answer: Answer, step: Optional[int]) -> Turn:
    """An answer beside the walk; when one is going on, with a button to go on with it."""
    going_on = step is not None and 0 < step < len(route.steps(chain)) and answer.kind not in (OVERVIEW, STEP)
    if going_on and len(answer.buttons) <= 3:
        answer = replace(answer, buttons=(*answer.buttons[:2], button(chain, "verder")))
    return Turn(answer, step)
