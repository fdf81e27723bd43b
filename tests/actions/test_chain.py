from __future__ import annotations

from typing import Any, Dict, List, Optional, Sequence, Tuple

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import chain as actions

Entities = Sequence[Tuple[str, str]]


def tracker(
    intent: str,
    entities: Entities = (),
    slots: Optional[Dict[str, Any]] = None,
    last_reply: Optional[Dict[str, Any]] = None,
    channel: str = "rest",
) -> Tracker:
    message = {"intent": {"name": intent}, "entities": [{"entity": e, "value": v} for e, v in entities]}
    events: List[Dict[str, Any]] = [{"event": "session_started"}]
    if last_reply is not None:
        events.append({"event": "bot", "metadata": last_reply})
    events.append({"event": "user", "input_channel": channel})
    return Tracker("an", slots or {}, message, events, False, None, {}, "action_listen")


def run(action: Any, on: Tracker) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The one message that the action utters, and the slots that it sets."""
    dispatcher = CollectingDispatcher()
    events = action.run(dispatcher, on, {})
    assert len(dispatcher.messages) == 1
    return dispatcher.messages[0], {event["name"]: event["value"] for event in events}


def test_the_overview_starts_the_walk_and_yes_goes_on() -> None:
    message, slots = run(actions.ExplainChain(), tracker("explain_chain"))
    assert message["response"] == "utter_keten"
    assert message["tekst"].startswith("De keten loopt van eiwit in je eten")
    assert message["image"] == "/keten/plaat/keten.svg"
    assert message["nacht"] == "/keten/plaat/keten--nacht.svg"
    assert message["alt"].startswith("Plaatje van de voedingsstoffenketen.")
    assert (message["bij_ja"], message["bij_nee"]) == ("chain_next", "chain_stop")
    assert slots == {"keten_stap": 0}


def test_the_next_step_comes_from_the_slot() -> None:
    message, slots = run(actions.WalkChain(), tracker("chain_next", slots={"keten_stap": 2}))
    assert message["tekst"].startswith("Stap 3 van 6: tryptofaan.")
    assert message["keten"] == {"vraag": "stap", "schakel": "tryptofaan", "blokkade": "", "stap": 3}
    assert slots["keten_stap"] == 3


def test_a_link_sets_what_later_questions_are_about() -> None:
    message, slots = run(actions.ExplainChainLink(), tracker("explain_chain_link", [("schakel", "magnesium")]))
    assert message["tekst"].startswith("Magnesium is in de keten een indirecte helper")
    assert message["bron"] == "winkel_serotonine, winkel_aanmaak, eu432"
    assert slots == {"schakel": "magnesium", "onderwerp": "magnesium", "aspect": None}


def test_a_follow_up_takes_up_the_last_reply() -> None:
    last = {"keten": {"vraag": "te_weinig", "schakel": "vitamine B6", "blokkade": ""}}
    asked = tracker("explain_chain_link", [("schakel", "ijzer"), ("ketenvraag", "vervolg")], last_reply=last)
    assert run(actions.ExplainChainLink(), asked)[0]["tekst"].startswith("Bij te weinig ijzer")


def test_a_blocker_is_explained_with_its_picture() -> None:
    message, slots = run(actions.ExplainChainBlocker(), tracker("explain_chain_blocker", [("blokkade", "stress")]))
    assert message["plaat"] == "blokkade-stress"
    assert slots == {}


def test_channels_that_show_no_svg_get_png() -> None:
    message, _ = run(actions.ExplainChain(), tracker("explain_chain", channel="telegram"))
    assert message["image"].endswith("/keten/plaat/keten.png")


@pytest.mark.parametrize("value", ["onzin", 99, None])
def test_a_damaged_slot_or_unknown_names_do_no_harm(value: Any) -> None:
    asked = tracker("chain_next", [("schakel", "goud"), ("stap", "x")], {"keten_stap": value}, {"keten": "kapot"})
    assert run(actions.WalkChain(), asked)[0]["tekst"].startswith("De keten loopt van eiwit")


def test_the_check_begins_with_what_it_is_and_without_old_answers() -> None:
    dispatcher = CollectingDispatcher()
    events = actions.StartChainCheck().run(dispatcher, tracker("check_chain", slots={"check_slaap": "ja"}), {})
    assert "geen diagnose" in dispatcher.messages[0]["tekst"]
    assert {"event": "slot", "timestamp": None, "name": "check_slaap", "value": None} in events
    assert events[-1] == {"event": "followup", "timestamp": None, "name": "chain_check_form"}


def test_on_whatsapp_nobody_is_asked_how_they_are() -> None:
    dispatcher = CollectingDispatcher()
    events = actions.StartChainCheck().run(dispatcher, tracker("check_chain", channel="whatsapp"), {})
    assert "followup" not in {event["event"] for event in events}
    assert dispatcher.messages[0]["tekst"].startswith("Over hoe het met je gaat, stel ik hier liever geen vragen.")


def test_the_outcome_marks_the_links_and_offers_advice() -> None:
    answers = {"check_slaap": "nee", "check_eiwit": "ja", "check_stress": "nee", "check_buik": "nee"}
    message, slots = run(actions.FinishChainCheck(), tracker("check_answer", slots={**answers, "check_daglicht": "ja"}))
    assert message["tekst"].startswith("Hier kun je op letten:\n- Slaapritme")
    assert message["plaat"] == "check-slaap"
    assert message["bij_ja"] == "request_advice"
    assert slots == {}


def test_stopping_the_check_forgets_the_answers() -> None:
    message, slots = run(actions.StopChainCheck(), tracker("cancel", slots={"check_slaap": "ja"}))
    assert message["tekst"] == "Goed, we stoppen met de vragen. Je antwoorden zijn gewist."
    assert set(slots) == {"check_slaap", "check_eiwit", "check_stress", "check_buik", "check_daglicht"}
    assert set(slots.values()) == {None}
