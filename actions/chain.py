"""Custom actions that explain the nutrient chain, walk through it and end its self-check. Thin: see `chain/`."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from chain import album, check, gallery, walk
from chain.explain import CHECK, OVERVIEW, STEP, Answer, Focus, Heard
from chain.model import Chain, load_chain
from chain.picture import PNG, SVG
from chain.talk import reply
from shop.settings import outside_address

REPLY = "utter_keten"
STEP_SLOT, LINK_SLOT = "keten_stap", "schakel"
CHECK_FORM = "chain_check_form"
_WEB_CHANNELS = frozenset({"web", "rest", "demo", "cmdline"})  # show SVG; the others get PNG
_NO_QUESTIONNAIRE = frozenset({"whatsapp", "twilio"})  # where nobody is asked how they are doing

Events = List[Dict[str, Any]]


class _ChainAction(Action):
    """What all actions about the chain share: reading the message, uttering an answer."""

    action_name = ""

    def name(self) -> str:
        """The name in domain.yml."""
        return self.action_name

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Answers the latest message and keeps where the walk stands and what was talked about."""
        chain = load_chain()
        message = tracker.latest_message
        step = walk.read_step(tracker.get_slot(STEP_SLOT), chain)
        turn = reply(
            chain,
            (message.get("intent") or {}).get("name") or "",
            read_heard(message, chain),
            Focus.from_metadata(last_reply(tracker.events), chain),
            step,
            next(iter(_values(message, "stap")), None),
        )
        utter(dispatcher, tracker, turn.answer, turn.metadata())
        events = [SlotSet(STEP_SLOT, turn.step)] if turn.step != step else []
        return events + _topic(chain, turn.answer)


class ExplainChain(_ChainAction):
    """The overview, which is also the start of the walk."""

    action_name = "action_explain_chain"


class ExplainChainLink(_ChainAction):
    """One link: what it does, what is before and after it, what is needed between two, too little, food, certainty."""

    action_name = "action_explain_chain_link"


class ExplainChainBlocker(_ChainAction):
    """Why the chain stalls: in general, one blocker, or too little of a link and what follows from it."""

    action_name = "action_explain_chain_blocker"


class WalkChain(_ChainAction):
    """Next, previous, a named step, resume and stop."""

    action_name = "action_walk_chain"


class StartChainCheck(Action):
    """Opens the self-check, or says where it can be done when this channel is not the place for it."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_start_chain_check"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Introduces the questions and forgets earlier answers."""
        chain = load_chain()
        allowed = tracker.get_latest_input_channel() not in _NO_QUESTIONNAIRE
        text = chain.check.inleiding if allowed else _elsewhere(chain)
        dispatcher.utter_message(response=REPLY, tekst=text, keten={"vraag": CHECK})
        return [*_forget(chain), *([FollowupAction(CHECK_FORM)] if allowed else [])]


class FinishChainCheck(Action):
    """Tells what one can pay attention to, with the links concerned marked, and offers personal advice."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_finish_chain_check"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """The answers stay in the session's slots, so that the customer may send them along with a request."""
        chain = load_chain()
        found = check.outcome(chain, {i: tracker.get_slot(check.SLOT + i) for i in chain.check.vragen})
        utter(dispatcher, tracker, found.answer, found.answer.metadata())
        return []


class StopChainCheck(Action):
    """Ends the self-check before its end and forgets the answers."""

    def name(self) -> str:
        """The name in domain.yml."""
        return "action_stop_chain_check"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: Dict[str, Any]) -> Events:
        """Says so."""
        chain = load_chain()
        dispatcher.utter_message(response=REPLY, tekst=chain.zinnen["pauze_check"])
        return _forget(chain)


def utter(dispatcher: CollectingDispatcher, tracker: Tracker, answer: Answer, metadata: Mapping[str, Any]) -> None:
    """Utters an answer with its buttons, its picture, and what yes and no mean after it."""
    extra: Dict[str, Any] = {"keten": dict(metadata)}
    if answer.sources:
        extra["bron"] = ", ".join(answer.sources)
    if answer.kind in (OVERVIEW, STEP):
        extra.update(bij_ja="chain_next", bij_nee="chain_stop")
    if answer.kind == CHECK:
        extra.update(bij_ja="request_advice")
    image: Optional[str] = None
    if answer.picture:
        file_format = SVG if tracker.get_latest_input_channel() in _WEB_CHANNELS else PNG
        outside = outside_address()
        image = album.address(answer.picture, file_format, outside)
        extra.update(plaat=answer.picture, alt=gallery.load_pictures()[answer.picture].alt)
        if file_format == SVG:
            extra.update(nacht=album.address(answer.picture, file_format, outside, album.NIGHT))
    buttons = [button.as_dict() for button in answer.buttons]
    dispatcher.utter_message(response=REPLY, tekst=answer.text, image=image, buttons=buttons, **extra)


def read_heard(message: Mapping[str, Any], chain: Chain) -> Heard:
    """What understanding put on a message; names that the chain does not have are left out."""
    links = tuple(name for name in _values(message, "schakel") if name in chain.schakels)
    blockers = tuple(name for name in _values(message, "blokkade") if name in chain.blokkades)
    return Heard(links, blockers, frozenset(_values(message, "ketenvraag")))


def last_reply(events: List[Dict[str, Any]]) -> Mapping[str, Any]:
    """Metadata of the assistant's last reply in this session, {} when there is none."""
    for event in reversed(events):
        if event.get("event") == "session_started":
            break
        if event.get("event") == "bot":
            return event.get("metadata") or {}
    return {}


def _values(message: Mapping[str, Any], entity: str) -> List[str]:
    return [str(item.get("value")) for item in message.get("entities") or [] if item.get("entity") == entity]


def _topic(chain: Chain, answer: Answer) -> Events:
    """Lets later questions without a subject ("en de bijwerkingen?") be about the link that was just talked about."""
    if not answer.link or answer.blocker:
        return []
    onderwerp = chain.schakels[answer.link].onderwerp or None
    return [SlotSet(LINK_SLOT, answer.link), SlotSet("onderwerp", onderwerp), SlotSet("aspect", None)]


def _forget(chain: Chain) -> Events:
    return [SlotSet(check.SLOT + question_id, None) for question_id in chain.check.vragen]


def _elsewhere(chain: Chain) -> str:
    address = outside_address()
    if not address:
        return chain.zinnen["check_whatsapp_zonder"]
    return chain.zinnen["check_whatsapp"].format(adres=address + "/keten")
