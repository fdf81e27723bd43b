"""Conversations in memory hold only what is asked of them; the database holds all."""

from __future__ import annotations

from typing import Any, List

from rasa.shared.core.events import ActionExecuted, BotUttered, SlotSet, UserUttered

from tests.tracking.conftest import Open
from tracking.slim import slim


def message(text: str) -> UserUttered:
    ranking = [{"name": "ask", "confidence": 0.9}]
    of_faq = {"response": {"confidence": 0.9}, "ranking": [{"intent_response_key": "faq/x", "confidence": 0.9}]}
    parsed = {"intent_ranking": ranking, "response_selector": {"all_retrieval_intents": ["faq"], "faq": of_faq}}
    return UserUttered(text, {"name": "ask"}, [{"entity": "onderwerp", "value": "magnesium"}], parsed)


def turn(text: str) -> List[Any]:
    answer = " ".join(["Dat", "weet ik."])  # made anew, as an answer with the shop's name in it is
    buttons = [{"title": " ".join(["Vertel", "meer"]), "payload": "vertel meer"}]
    events = [message(text), SlotSet("onderwerp", "magnesium"), BotUttered(answer, {"buttons": buttons})]
    events.append(ActionExecuted("action_listen"))
    for event in events:
        event.metadata = {"model_id": "m1", "assistant_id": "schakel"}
    return events


def rankings(event: Any) -> List[Any]:
    return [*event.parse_data["intent_ranking"], *event.parse_data["response_selector"]["faq"]["ranking"]]


def test_only_the_latest_two_messages_keep_what_came_close() -> None:
    events = [*turn("een"), *turn("twee"), *turn("drie")]
    assert slim(events, 0) == 4
    said = [event for event in events if isinstance(event, UserUttered)]
    assert [len(rankings(event)) for event in said] == [0, 2, 2]
    assert said[0].parse_data["response_selector"]["faq"]["response"] == {"confidence": 0.9}
    assert said[0].entities == [{"entity": "onderwerp", "value": "magnesium"}]


def test_equal_texts_and_marks_of_the_model_are_one_in_memory() -> None:
    events = [*turn("een"), *turn("twee"), *turn("drie"), *turn("vier")]
    slim(events, 0)
    one, other = events[2], events[6]
    assert one.text is other.text
    assert one.data["buttons"][0]["title"] is other.data["buttons"][0]["title"]
    assert one.metadata is events[3].metadata is other.metadata == {"model_id": "m1", "assistant_id": "schakel"}


def test_what_else_a_reply_carries_stays_its_own() -> None:
    events = [*turn("een"), *turn("twee"), *turn("drie")]
    events[2].metadata = {"faq_id": "magnesium_slaap", "model_id": "m1", "assistant_id": "schakel"}
    slim(events, 0)
    assert events[2].metadata["faq_id"] == "magnesium_slaap"
    assert "faq_id" not in events[3].metadata


def test_events_that_were_done_are_not_looked_at_again() -> None:
    events = [*turn("een"), *turn("twee"), *turn("drie")]
    events[0].parse_data["intent_ranking"] = ["still there"]
    assert slim(events, 4) == 4
    assert events[0].parse_data["intent_ranking"] == ["still there"]


async def test_the_database_keeps_what_memory_lets_go(open_store: Open) -> None:
    store = open_store()
    tracker = await store.get_or_create_tracker("a", append_action_listen=False)
    for text in ("een", "twee", "drie", "vier"):
        for event in turn(text):
            tracker.update(event)
        await store.save(tracker)
    kept = await store.retrieve("a")
    assert kept is not None
    read = await open_store().retrieve("a")
    assert read is not None
    assert [len(rankings(e)) for e in kept.events if isinstance(e, UserUttered)] == [0, 0, 2, 2]
    assert [len(rankings(e)) for e in read.events if isinstance(e, UserUttered)] == [2, 2, 2, 2]
