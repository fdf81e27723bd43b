from __future__ import annotations

from typing import List, Optional, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import walk
from chain.explain import NO_FOCUS, Focus, Heard
from chain.model import Chain, load_chain
from chain.talk import reply

Turns = List[Tuple[str, Heard, Optional[str], str]]


def first_lines(chain: Chain, turns: List[Tuple[str, Heard, Optional[str]]]) -> List[str]:
    """Plays (intent, heard, named step) turns as the actions do, and gives the first line of each reply."""
    step: Optional[int] = None
    focus = NO_FOCUS
    lines = []
    for intent, heard, named in turns:
        turn = reply(chain, intent, heard, focus, step, named)
        step = turn.step
        focus = Focus.from_metadata({"keten": turn.metadata()}, chain)
        lines.append(turn.answer.text.split("\n")[0])
    return lines


NOTHING = Heard()


def test_the_walk_runs_from_the_overview_to_the_last_step(chain: Chain) -> None:
    turns: List[Tuple[str, Heard, Optional[str]]] = [("explain_chain", NOTHING, None)]
    turns += [("chain_next", NOTHING, None)] * 7
    lines = first_lines(chain, turns)
    assert lines[0].startswith("De keten loopt van eiwit in je eten, via tryptofaan en 5-HTP, naar serotonine")
    assert lines[1:] == [
        "Stap 1 van 6: eiwit.",
        "Stap 2 van 6: maagzuur.",
        "Stap 3 van 6: tryptofaan.",
        "Stap 4 van 6: 5-HTP.",
        "Stap 5 van 6: serotonine.",
        "Stap 6 van 6: melatonine.",
        "Je hebt alle 6 stappen gehad. Je kunt nog vragen waar de keten kan vastlopen, of een stap terug bekijken.",
    ]


def test_back_goto_and_named_steps(chain: Chain) -> None:
    lines = first_lines(
        chain,
        [
            ("explain_chain", NOTHING, None),
            ("chain_goto", NOTHING, "4"),
            ("chain_previous", NOTHING, None),
            ("chain_goto", NOTHING, "2"),
            ("chain_goto", NOTHING, "laatste"),
            ("chain_goto", NOTHING, "9"),
            ("chain_previous", NOTHING, None),
        ],
    )
    assert lines[1:] == [
        "Stap 4 van 6: 5-HTP.",
        "Stap 3 van 6: tryptofaan.",
        "Stap 2 van 6: maagzuur.",
        "Stap 6 van 6: melatonine.",
        "Die stap ken ik niet. De keten heeft 6 stappen; noem een nummer van 1 tot en met 6, of een schakel.",
        "Stap 5 van 6: serotonine.",
    ]


def test_going_to_a_helper_lands_on_the_step_it_serves(chain: Chain) -> None:
    turn = walk.to_link(chain, "ijzer")
    assert turn.step == 3
    assert turn.answer.text.endswith("Dit hoort bij stap 3 van 6: tryptofaan.")
    assert walk.to_link(chain, "donker").step == 5
    assert walk.to_link(chain, "maagzuur").step == 2


def test_questions_in_between_leave_the_walk_where_it_is_and_offer_to_go_on(chain: Chain) -> None:
    asked = reply(chain, "explain_chain_link", Heard(("ijzer",)), NO_FOCUS, 3)
    assert asked.answer.text.startswith("IJzer hoort bij de eerste omzetting")
    assert asked.step == 3
    assert asked.answer.buttons[-1].payload == "ga verder met de keten"
    resumed = reply(chain, "chain_resume", NOTHING, NO_FOCUS, asked.step)
    assert resumed.answer.text.startswith("Stap 3 van 6: tryptofaan.")


def test_stopping_keeps_the_step_for_later(chain: Chain) -> None:
    stopped = walk.stop(chain, 4)
    assert stopped.answer.text.startswith("Goed, we laten de keten rusten bij stap 4 van 6.")
    assert walk.resume(chain, stopped.step).answer.text.startswith("Stap 4 van 6")
    assert walk.stop(chain, None).step is None


@pytest.mark.parametrize("intent", ["chain_next", "chain_previous", "chain_resume", "chain_goto"])
def test_without_a_walk_every_move_starts_one(chain: Chain, intent: str) -> None:
    turn = reply(chain, intent, NOTHING)
    assert turn.step == 0
    assert turn.answer.kind == "overzicht"


def test_before_the_first_step_is_the_beginning(chain: Chain) -> None:
    turn = walk.back(chain, 1)
    assert turn.step == 0
    assert turn.answer.text == "Dit is het begin van de keten. Zeg 'volgende' voor stap 1 van 6."


@given(moves=st.lists(st.sampled_from(["chain_next", "chain_previous", "chain_stop", "chain_resume", "explain_chain"])))
def test_no_row_of_moves_leaves_the_chain(moves: List[str]) -> None:
    chain = load_chain()
    step: Optional[int] = None
    for intent in moves:
        turn = reply(chain, intent, NOTHING, NO_FOCUS, step)
        step = turn.step
        assert step is None or 0 <= step <= 6
        assert turn.answer.text


@pytest.mark.parametrize("value", ["3", None, True, 2.5, -1, 7, {}])
def test_a_damaged_slot_counts_as_no_walk(chain: Chain, value: object) -> None:
    assert walk.read_step(value, chain) is None


def test_a_step_from_the_slot_may_come_back_as_a_float(chain: Chain) -> None:
    assert walk.read_step(3.0, chain) == 3
