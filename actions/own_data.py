"""Custom actions for customers who ask what is kept of them, or want it gone. Thin: see `desk/privacy.py`."""

from __future__ import annotations

import logging
from typing import Any, Dict, List

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.advice import last_reply, now, proof_of, wiped
from advice import desk_link
from advice.content import load_content
from advice.own_data import counted, overview
from advice.proof import Proof
from advice.request import session_events
from desk import cases, privacy
from desk.database import DeskUnavailable
from desk.outbox import subject_hash

logger = logging.getLogger(__name__)

Events = List[Dict[str, Any]]
_AFFIRM = "affirm"


class _OwnData:
    """What both share: the question first, proof, and what is said when it does not work."""

    asked = ""  # `gegevens` in the metadata of the question that a yes answers
    question = ""  # the response that asks

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Asks first; being in the conversation is the proof for it, reference and address for another one."""
        given = proof_of(tracker)
        if not given.reference and not is_confirmed(tracker, self.asked):
            dispatcher.utter_message(response=self.question)
            return []
        by_reference = privacy.Subject(
            tracker.sender_id, reference=given.reference, email=given.email, phone=given.phone
        )
        subject = by_reference if given.reference else privacy.Subject(conversation=tracker.sender_id)
        try:
            self.work(dispatcher, tracker, subject, given)
        except (privacy.NotProven, cases.TooManyTries) as error:
            name = "utter_status_te_vaak" if isinstance(error, cases.TooManyTries) else "utter_gegevens_onbekend"
            dispatcher.utter_message(response=name, advies_wissen=True)
        except DeskUnavailable as error:
            logger.error("A customer's data could not be reached. %s", error)
            dispatcher.utter_message(response="utter_gegevens_storing", advies_wissen=True)
        return wiped(given)

    def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, subject: privacy.Subject, given: Proof) -> None:
        """Does it, and says what was done."""
        raise NotImplementedError


class DataExport(_OwnData, Action):
    """Tells what is kept."""

    asked, question = "inzage", "utter_inzage_vraag"

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_data_export"

    def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, subject: privacy.Subject, given: Proof) -> None:
        """An overview; the whole of it comes from the owners."""
        moment = now()
        told = privacy.export(desk_link.database(), subject, moment)
        text = overview(told, messages_of(tracker), load_content(), moment)
        dispatcher.utter_message(response="utter_inzage", inzage=text, advies_wissen=True)


class DataDelete(_OwnData, Action):
    """Erases, and says what."""

    asked, question = "wissen", "utter_wissen_vraag"

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_data_delete"

    def work(self, dispatcher: CollectingDispatcher, tracker: Tracker, subject: privacy.Subject, given: Proof) -> None:
        """The desk first; the channel erases the conversation itself when this reply has been made."""
        database, moment = desk_link.database(), now()
        found = privacy.find(database, subject, moment)
        counts = privacy.erase_found(database, found, moment)
        values = {"gewist": counted(counts, load_content()), "referentie": given.reference or ""}
        erase = list(found.conversations) or [tracker.sender_id]
        logger.info("Erased at a customer's request: %s", subject_hash(tracker.sender_id))
        name = "utter_gewist_aanvraag" if given.reference else "utter_gewist"
        dispatcher.utter_message(response=name, gesprek_wissen=erase, advies_wissen=True, **values)


def is_confirmed(tracker: Tracker, asked: str) -> bool:
    """Whether the message is a yes to the question about this."""
    ranking = tracker.latest_message.get("intent_ranking") or []
    said_yes = bool(ranking) and ranking[0].get("name") == _AFFIRM
    return said_yes and last_reply(tracker).get("gegevens") == asked


def messages_of(tracker: Tracker) -> int:
    """How many messages the session has."""
    return sum(event.get("event") in ("user", "bot") for event in session_events(tracker.events))
