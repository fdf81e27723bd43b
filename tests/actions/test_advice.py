"""The desk's actions without servers: one channel that asks nothing, and a desk that fails."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import advice as actions
from actions import own_data
from advice import desk_link
from advice.draft import Draft
from desk import cases


@pytest.fixture(autouse=True)
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("SCHAKEL_DESK_DATABASE", f"sqlite:///{tmp_path / 'desk.db'}")
    desk_link.forget()
    yield tmp_path
    desk_link.forget()


def tracker(
    text: str,
    intent: str = "advice_answer",
    entities: Optional[Dict[str, str]] = None,
    slots: Optional[Dict[str, Any]] = None,
    channel: str = "web",
    loop: str = "advice_form",
    last_reply: Optional[Dict[str, Any]] = None,
) -> Tracker:
    found = [{"entity": name, "value": value} for name, value in (entities or {}).items()]
    message = {"intent": {"name": intent}, "entities": found, "text": text, "intent_ranking": [{"name": intent}]}
    events: List[Dict[str, Any]] = [{"event": "session_started"}]
    events += [{"event": "bot", "metadata": last_reply}] if last_reply else []
    events += [{"event": "user", "text": text, "timestamp": 4e9, "input_channel": channel, "parse_data": message}]
    return Tracker("web-1", slots or {}, message, events, False, None, {"name": loop} if loop else {}, "action_listen")


def run(action: Any, on: Tracker) -> "tuple[List[Dict[str, Any]], Dict[str, Any], List[str]]":
    """What the action utters, the slots that it sets, the names of its other events."""
    dispatcher = CollectingDispatcher()
    events = action.run(dispatcher, on, {})
    slots = {event["name"]: event["value"] for event in events if event["event"] == "slot"}
    return dispatcher.messages, slots, [event["event"] for event in events if event["event"] != "slot"]


def test_on_whatsapp_nobody_is_asked_but_told_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.advice.outside_address", lambda: "https://chat.voorbeeld.nl")
    messages, slots, others = run(
        actions.StartAdvice(), tracker("advies", "request_advice", channel="whatsapp", loop="")
    )
    assert [m["response"] for m in messages] == ["utter_advies_elders"]
    assert messages[0]["adres"] == "https://chat.voorbeeld.nl"
    assert (slots, others) == ({}, [])


@pytest.mark.parametrize("channel", ["web", "rest", "telegram"])
def test_elsewhere_the_form_opens_with_an_empty_request(channel: str) -> None:
    messages, slots, others = run(actions.StartAdvice(), tracker("advies", "request_advice", channel=channel, loop=""))
    assert messages == []
    assert others == ["followup"]
    assert Draft.from_slot(slots["advies"]) is not None


def test_sending_closes_the_form_with_the_reference_and_what_must_go(complete: Draft) -> None:
    on = tracker("versturen", entities={"advies_woord": "versturen"}, slots={"advies": complete.as_slot()})
    messages, slots, _ = run(actions.AskAdvice(), on)
    assert [m["response"] for m in messages] == ["utter_advies_verstuurd_email"]
    assert messages[0]["advies_wissen"] is True
    year = dt.date.today().year
    assert slots["advies_referentie"] == messages[0]["referentie"] == f"A-{year}-0001"
    assert slots["advies_wissen"] == ["Wat helpt bij slecht slapen?", "jan@voorbeeld.nl", "Jan"]
    assert (slots["advies"], slots["requested_slot"]) == (None, None)


def test_sending_again_after_a_lost_reply_is_the_same_case(complete: Draft) -> None:
    on = tracker("versturen", entities={"advies_woord": "versturen"}, slots={"advies": complete.as_slot()})
    first, second = (run(actions.AskAdvice(), on)[0][0]["referentie"] for _ in range(2))
    assert first == second
    assert len(cases.cases_of(desk_link.database(), "web-1")) == 1


def test_a_failing_desk_keeps_the_answers_and_logs_none_of_them(
    complete: Draft, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("kanarie jan@voorbeeld.nl")

    monkeypatch.setattr(cases, "open_case", broken)
    on = tracker("versturen", entities={"advies_woord": "versturen"}, slots={"advies": complete.as_slot()})
    messages, slots, _ = run(actions.AskAdvice(), on)
    assert [m["response"] for m in messages] == ["utter_advies_niet_verstuurd"]
    kept = Draft.from_slot(slots["advies"])
    assert kept is not None
    assert replace(kept, bericht="") == complete
    assert "requested_slot" not in slots
    assert "RuntimeError" in caplog.text
    assert "kanarie" not in caplog.text


def test_a_database_that_can_not_be_opened_is_tried_again(
    complete: Draft, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on = tracker("versturen", entities={"advies_woord": "versturen"}, slots={"advies": complete.as_slot()})
    (desk / "desk.db").mkdir()
    assert run(actions.AskAdvice(), on)[0][0]["response"] == "utter_advies_niet_verstuurd"
    (desk / "desk.db").rmdir()
    assert run(actions.AskAdvice(), on)[0][0]["response"] == "utter_advies_verstuurd_email"


def test_a_message_is_taken_once_however_often_the_form_runs(draft: Draft) -> None:
    on = tracker("ja", entities={"advies_woord": "ja"}, slots={"advies": draft.as_slot()})
    messages, slots, _ = run(actions.AskAdvice(), on)
    assert messages[0]["response"] == "utter_ask_advies_vraag"
    again, _, _ = run(actions.AskAdvice(), tracker("ja", slots={"advies": slots["advies"]}))
    assert [m["response"] for m in again] == ["utter_ask_advies_vraag"]


def test_an_incomplete_draft_is_never_sent(draft: Draft) -> None:
    damaged = replace(draft, stap="overzicht").as_slot()
    messages, _, _ = run(
        actions.AskAdvice(), tracker("versturen", entities={"advies_woord": "versturen"}, slots={"advies": damaged})
    )
    assert [m["response"] for m in messages] == ["utter_ask_advies_toestemming"]


@pytest.mark.parametrize(
    ("level", "shown"),
    [
        (None, True),
        ("suicide", False),
        ("medication", False),
        ("pregnancy", False),
        ("child", False),
        ("condition", False),
    ],
)
def test_no_product_is_a_subject_after_a_matter_of_safety_of_any_level(
    complete: Draft, level: Optional[str], shown: bool
) -> None:
    at_subject = replace(complete, stap="onderwerp", onderwerp=None)
    on = tracker("mag dat", "faq", slots={"advies": at_subject.as_slot(), "veiligheid": level})
    messages, _, _ = run(actions.AskAdvice(), on)
    assert messages[-1]["response"] == "utter_ask_advies_onderwerp"
    assert ("Een product kiezen" in [button["title"] for button in messages[-1]["buttons"]]) is shown


def test_a_lost_draft_is_admitted() -> None:
    messages, slots, _ = run(actions.AskAdvice(), tracker("jan", slots={"advies": "kapot"}))
    assert [m["response"] for m in messages] == ["utter_advies_kwijt"]
    assert slots["requested_slot"] is None


@pytest.mark.parametrize(("action", "asked"), [(own_data.DataExport(), "inzage"), (own_data.DataDelete(), "wissen")])
def test_own_data_need_a_yes_to_their_own_question(action: Any, asked: str) -> None:
    first, _, _ = run(action, tracker("mijn gegevens", "data_delete", loop=""))
    assert first[0]["response"] == f"utter_{asked}_vraag"
    repeated, _, _ = run(action, tracker("mijn gegevens", "data_delete", loop="", last_reply={"gegevens": asked}))
    assert repeated[0]["response"] == f"utter_{asked}_vraag"
    other, _, _ = run(action, tracker("ja", "affirm", loop="", last_reply={"gegevens": "iets anders"}))
    assert other[0]["response"] == f"utter_{asked}_vraag"
    yes, _, _ = run(action, tracker("ja", "affirm", loop="", last_reply={"gegevens": asked}))
    assert yes[0]["response"] in ("utter_inzage", "utter_gewist")
