"""Custom actions of the advice desk: the form, its status, "medewerker". Thin: see `advice/` and `desk/`."""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Tuple

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from advice import checks, desk_link, steps
from advice.content import FormContent, load_content
from advice.draft import Draft, new_draft
from advice.proof import Proof, find_proof
from advice.request import earlier_lines, make_request, self_check_answers, soft_level
from chain.model import load_chain
from desk import cases, opening, outbox, takeover
from desk.database import DeskUnavailable
from nlu.advice import ANSWER, CHANGE, CONSENT, DRAFT_SLOT, FORM, PROOF, QUESTION, SENT, SUBJECT, SUMMARY
from shop.settings import outside_address

logger = logging.getLogger(__name__)

WIPE_SLOT, REFERENCE_SLOT, ANSWER_SLOT = "advies_wissen", "advies_referentie", "advies_antwoord"
_NO_QUESTIONS = frozenset({"whatsapp", "twilio"})  # where nobody is asked about complaints
_ENDS = {steps.REFUSED: "utter_advies_geweigerd", steps.STOPPED: "utter_advies_gestopt"}

Events = List[Dict[str, Any]]
Buttons = List[Dict[str, Any]]


class StartAdvice(Action):
    """Opens the form, or says where it is when this channel is not the place for questions about health."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_start_advice"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Begins with an empty request; the form itself asks the first question. An open form stays as it is."""
        if tracker.active_loop_name == FORM:
            return []
        if tracker.get_latest_input_channel() in _NO_QUESTIONS:
            dispatcher.utter_message(response="utter_advies_elders", adres=outside_address())
            return []
        draft = new_draft(tracker.sender_id, now(), CONSENT)
        return [SlotSet(DRAFT_SLOT, draft.as_slot()), SlotSet(WIPE_SLOT, None), FollowupAction(FORM)]


class AskAdvice(Action):
    """What the form does at every turn: takes the answer, when there is one, and asks what is still open."""

    def name(self) -> str:
        """Rasa finds it by the name of the slot that the form asks for."""
        return "action_ask_advies_klaar"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Never loses what was answered: when the desk can't be reached, the request stays ready to be sent."""
        content = load_content()
        draft = Draft.from_slot(tracker.get_slot(DRAFT_SLOT))
        if draft is None:
            dispatcher.utter_message(response="utter_advies_kwijt")
            return closed([])
        possible = what_is_possible(draft, tracker)
        intent, entities = understood(tracker)
        level = soft_level(intent)
        if level and level not in draft.let_op:
            draft = replace(draft, let_op=(*draft.let_op, level))
        message = message_id(tracker)
        turn = steps.Turn(draft)
        if message != draft.bericht and (intent == ANSWER or (level and draft.stap == QUESTION)):
            text = str(tracker.latest_message.get("text") or "")
            given = steps.Given(text, entities.get("advies_woord"), entities.get("advies_deel"))
            turn = steps.answer(replace(draft, bericht=message), given, possible, content, now())
        if turn.end in _ENDS:
            dispatcher.utter_message(response=_ENDS[turn.end], advies_wissen=True)
            return closed(private_of(turn.draft, tracker))
        if turn.end == steps.SEND_IT:
            return self._send(dispatcher, tracker, turn.draft, possible, content)
        for reply in turn.say:
            dispatcher.utter_message(response=reply, advies={"stap": turn.draft.stap})
        ask(dispatcher, turn.draft, possible, content, with_products=may_show_products(tracker))
        return [SlotSet(DRAFT_SLOT, turn.draft.as_slot()), SlotSet(ANSWER_SLOT, None)]

    def _send(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        draft: Draft,
        possible: steps.Possible,
        content: FormContent,
    ) -> Events:
        if steps.at_next_step(draft, possible, content).stap != SUMMARY:  # a damaged draft is asked again, not sent
            draft = steps.at_next_step(draft, possible, content)
            ask(dispatcher, draft, possible, content, with_products=may_show_products(tracker))
            return [SlotSet(DRAFT_SLOT, draft.as_slot()), SlotSet(ANSWER_SLOT, None)]
        request = make_request(
            draft,
            conversation=tracker.sender_id,
            channel=tracker.get_latest_input_channel() or "",
            events=tracker.events,
            slots=tracker.slots,
            titles={name: asked.titel for name, asked in load_chain().check.vragen.items()},
            content=content,
        )
        moment = now()
        try:
            receipt = cases.open_case(desk_link.database(), request, desk_link.shop(), moment)
        except Exception as error:  # whatever it is, the customer keeps the answers; the text could hold them
            logger.error("A request could not be stored (%s).", type(error).__name__)
            dispatcher.utter_message(response="utter_advies_niet_verstuurd", advies={"stap": SUMMARY})
            return [SlotSet(DRAFT_SLOT, draft.as_slot()), SlotSet(ANSWER_SLOT, None)]
        dispatcher.utter_message(
            response=f"utter_advies_verstuurd_{request.contact.kind}",
            referentie=receipt.reference,
            wanneer=opening.in_words(receipt.promise, moment),
            advies={"stap": SENT},
            advies_wissen=True,
        )
        return [SlotSet(REFERENCE_SLOT, receipt.reference), *closed(private_of(draft, tracker))]


class WipeAdvice(Action):
    """Throws a request away that something else put aside, such as a cry for help; says nothing."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_wipe_advice"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Nothing of it stays in the conversation."""
        draft = Draft.from_slot(tracker.get_slot(DRAFT_SLOT))
        return [SlotSet(DRAFT_SLOT, None), SlotSet(WIPE_SLOT, steps.private_values(draft) if draft else None)]


class AfterAdvice(Action):
    """An answer to the form when it is not open: pressed Versturen twice, or in another tab."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_after_advice"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Says that it was sent, once, or that nothing is open."""
        reference = tracker.get_slot(REFERENCE_SLOT)
        if reference:
            dispatcher.utter_message(
                response="utter_advies_al_verstuurd",
                referentie=str(reference),
                advies={"stap": SENT},
                advies_wissen=True,
            )
        else:
            dispatcher.utter_message(response="utter_advies_geen_aanvraag")
        return []


class RequestHuman(Action):
    """After the shop's own addresses: whether somebody is there now, and else when, with the form as an offer."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_request_human"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """While the shop is open the owners see on their page that somebody waits."""
        shop, moment = desk_link.shop(), now()
        in_form = (tracker.active_loop or {}).get("name") == FORM
        if opening.is_open(shop, moment):
            try:
                channel = tracker.get_latest_input_channel() or ""
                mail_domain = outbox.message_domain(shop)
                takeover.request(desk_link.database(), tracker.sender_id, channel, moment, mail_domain=mail_domain)
                dispatcher.utter_message(response="utter_mens_nu")
                return []
            except DeskUnavailable as error:
                logger.error("A request for a human could not be stored. %s", error)
                dispatcher.utter_message(response="utter_mens_storing")
                return []
        name = "utter_mens_later_formulier" if in_form else "utter_mens_later"
        dispatcher.utter_message(response=name, wanneer=opening.in_words(opening.next_opening(shop, moment), moment))
        return []


class RequestStatus(Action):
    """How a request stands, for who is in its conversation or knows its reference and its address."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_request_status"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """What was typed as proof leaves the conversation afterwards."""
        given = proof_of(tracker)
        moment = now()
        try:
            found = self._find(given, tracker.sender_id, moment)
        except cases.TooManyTries:
            dispatcher.utter_message(response="utter_status_te_vaak", advies_wissen=True)
            return wiped(given)
        except DeskUnavailable as error:
            logger.error("A status could not be looked up. %s", error)
            dispatcher.utter_message(response="utter_status_storing", advies_wissen=True)
            return wiped(given)
        if found:
            for status in found:
                promise = opening.in_words(status.promise, moment) if status.promise and status.promise > moment else ""
                dispatcher.utter_message(
                    response=f"utter_status_{status.status}",
                    referentie=status.reference,
                    wanneer=promise,
                    advies_wissen=True,
                )
        elif given.reference and given.has_contact:
            dispatcher.utter_message(response="utter_status_onbekend", advies_wissen=True)
        else:
            name = "utter_status_bewijs" if given.reference else "utter_status_vraag"
            dispatcher.utter_message(
                response=name, advies={"stap": PROOF, "referentie": given.reference}, advies_wissen=True
            )
        return wiped(given)

    @staticmethod
    def _find(given: Proof, conversation: str, moment: dt.datetime) -> List[cases.CaseStatus]:
        database = desk_link.database()
        here = cases.cases_of(database, conversation)
        if not given.reference:
            return here[:3]
        known = [status for status in here if status.reference == cases.normal_reference(given.reference)]
        if known or not given.has_contact:
            return known
        status = cases.status_for(
            database, given.reference, email=given.email, phone=given.phone, conversation=conversation, now=moment
        )
        return [status] if status else []


def ask(
    dispatcher: CollectingDispatcher,
    draft: Draft,
    possible: steps.Possible,
    content: FormContent,
    with_products: bool,
) -> None:
    """Asks the question that the draft stands at."""
    values: Dict[str, Any] = {"advies": {"stap": draft.stap}}
    if draft.stap == SUMMARY:
        values["overzicht"] = steps.summary(draft, possible, content)
    if draft.stap == SUBJECT:
        values["buttons"] = steps.subject_buttons(content, with_products)
    if draft.stap == CHANGE:
        values["buttons"] = steps.change_buttons(draft, possible, content)
    dispatcher.utter_message(response=f"utter_ask_advies_{draft.stap}", **values)


def closed(private: List[str]) -> Events:
    """The events that end the form and leave nothing of the request in the conversation."""
    slots = {DRAFT_SLOT: None, ANSWER_SLOT: None, WIPE_SLOT: private or None, "requested_slot": None}
    return [SlotSet(name, value) for name, value in slots.items()]


def private_of(draft: Draft, tracker: Tracker) -> List[str]:
    """What must leave the conversation: the request, and addresses or numbers that were told outside the form."""
    said = (str(event.get("text") or "") for event in tracker.events if event.get("event") == "user")
    outside = (found for text in said for found in checks.contacts_in(text))
    return list(dict.fromkeys((*steps.private_values(draft), *outside)))


def wiped(given: Proof) -> Events:
    """The event that takes a proof out of the conversation."""
    return [SlotSet(WIPE_SLOT, list(given.private))] if given.private else []


def what_is_possible(draft: Draft, tracker: Tracker) -> steps.Possible:
    """What there is to send along with the request."""
    return steps.Possible(
        transcript=bool(earlier_lines(tracker.events, draft.began_at)),
        self_check=bool(self_check_answers(tracker.slots)),
    )


def understood(tracker: Tracker) -> Tuple[str, Dict[str, str]]:
    """Intent and entities of the latest message."""
    message = tracker.latest_message
    entities = {str(item.get("entity")): str(item.get("value")) for item in message.get("entities") or []}
    return str((message.get("intent") or {}).get("name") or ""), entities


def message_id(tracker: Tracker) -> str:
    """What tells the latest message from the ones before it."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return str(event.get("message_id") or event.get("timestamp") or "")
    return ""


def proof_of(tracker: Tracker) -> Proof:
    """Reference and contact in the latest message; the reference may have been told in the one before."""
    found = find_proof(str(tracker.latest_message.get("text") or ""))
    if not found.reference:
        asked = last_reply(tracker).get("advies")
        known = asked.get("referentie") if isinstance(asked, dict) else None
        found = replace(found, reference=str(known)) if known else found
    return found


def last_reply(tracker: Tracker) -> Mapping[str, Any]:
    """Metadata of the assistant's last reply in this session, {} when there is none."""
    for event in reversed(tracker.events):
        if event.get("event") == "session_started":
            break
        if event.get("event") == "bot":
            return event.get("metadata") or {}
    return {}


def may_show_products(tracker: Tracker) -> bool:
    """Whether products may be a subject: not in a session in which triage found a matter of safety, at any level."""
    return not tracker.get_slot("veiligheid")


def now() -> dt.datetime:
    """This moment, in UTC."""
    return dt.datetime.now(dt.timezone.utc)
