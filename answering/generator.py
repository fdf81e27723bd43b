"""Rasa's response generator (`nlg:` in endpoints.yml): turns a response name into what the customer reads.

It runs inside the Rasa process, so an answer needs no call to the action server. Shop settings are filled in here and
re-read when `winkel.yml` changes. Every Dutch text comes from `data/`; this module only chooses and joins.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

import rasa_patches
from answering import session
from content import texts
from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, MORE_RESPONSE, FaqEntry, catalogue_from_responses, fill
from content.helplines import helpline_placeholders
from monitoring import metrics
from nlu.context import MISSING_RESPONSE, QUESTIONS_RESPONSE
from nlu.levels import PREFIX
from shop.settings import SettingsError, load_environment, load_shop

logger = logging.getLogger(__name__)

# Metadata of a response that goes along with the message: what yes and no mean, that it is about health, the chain.
PASSED_ON = ("bij_ja", "bij_nee", "disclosure", "gegevens", "health", "keten", "veiligheid")
FALLBACK_INTENT = "nlu_fallback"
CLARIFY = "utter_clarify"
NOT_RIGHT = "utter_feedback_negative"
MAX_OTHERS = 2
MAX_SUGGESTIONS = 3
MAX_QUESTIONS = 6
DOSE = "dosering"  # in `let_op`: the answer names an amount
PLAUSIBLE = 0.02  # below this a question is no honest guess at what was meant


class ShopFile:
    """The shop's settings, re-read when the file changes; a broken change is logged and the last good one kept."""

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises `SettingsError` when it is wrong, which stops the start."""
        self._path = path
        self._stamp = self._modified()
        self._values = load_shop(path).placeholders()

    def placeholders(self) -> Mapping[str, str]:
        """The current text of every placeholder."""
        stamp = self._modified()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._values = load_shop(self._path).placeholders()
            except SettingsError as error:
                logger.error("Keeping the shop's last good settings. %s", error)
        return self._values

    def _modified(self) -> float:
        try:
            return os.stat(self._path).st_mtime
        except FileNotFoundError:
            return 0.0


@dataclass(frozen=True)
class _Reply:
    """For whom a message is made: the conversation, its channel and the values of placeholders."""

    tracker: DialogueStateTracker
    channel: str
    values: Mapping[str, str]

    def with_value(self, name: str, value: str) -> _Reply:
        return replace(self, values={**self.values, name: value})


class AnswerGenerator(TemplatedNaturalLanguageGenerator):
    """Chooses, fills and completes the response for an utter action.

    Rasa sets `responses` of this kind of generator when it has loaded the model, so that an action's first reply finds
    them too: replies of actions come without `domain_responses`.
    """

    def __init__(self, endpoint_config: Optional[EndpointConfig], domain: Domain) -> None:
        """Reads the fixed texts and the shop's settings; the responses come with the first message.

        Raises:
            SettingsError: the shop's settings are wrong.
        """
        self._texts = texts.load_texts()
        self._helplines = helpline_placeholders()
        self._shop = ShopFile(Path(load_environment().shop_file))
        self._use_responses(domain.responses)
        rasa_patches.apply()

    @property
    def responses(self) -> Mapping[str, Sequence[Dict[str, Any]]]:
        """The domain's responses."""
        return self._source

    @responses.setter
    def responses(self, responses: Mapping[str, Sequence[Dict[str, Any]]]) -> None:
        self._use_responses(responses)

    def _use_responses(self, responses: Mapping[str, Sequence[Dict[str, Any]]]) -> None:
        """Rasa makes this object before it has loaded the model, with an empty domain, and hands the real responses to
        every call; a model loaded later brings new ones."""
        self._source = responses
        self._responses: Dict[str, Any] = {**responses, **self._texts}
        self._filter = ResponseVariationFilter(self._responses)
        self.catalogue: Dict[str, FaqEntry] = catalogue_from_responses(responses)
        self._questions = {entry.vraag: entry.id for entry in self.catalogue.values()}

    async def generate(
        self, utter_action: str, tracker: DialogueStateTracker, output_channel: str, **kwargs: Any
    ) -> Optional[Dict[str, Any]]:
        """Makes one message: {"text": str, "buttons": [...], further keys that become the message's metadata}.

        Args:
            utter_action: `utter_<intent>`, `utter_faq/<id>`, `utter_meer/<id>`, `ontbreekt/<onderwerp>`,
                `vragen_over/<onderwerp>` or the name of a fixed text.
            tracker: the conversation so far, the current message included.
            output_channel: name of the channel, for responses that differ per channel.
            kwargs: further values for placeholders, given by actions.

        Returns:
            The message; the apology when the response does not exist, for the customer never meets silence.
        """
        with metrics.timed("reply"):
            responses = kwargs.pop("domain_responses", self._source)
            if responses is not self._source:
                self._use_responses(responses)
            given = {key: value for key, value in kwargs.items() if isinstance(value, str)}
            values = {**self._shop.placeholders(), **self._helplines, **given}
            reply = _Reply(tracker, output_channel, values)
            utter_action = self._without_dose(utter_action, tracker)
            kind, _, rest = utter_action.partition("/")
            if utter_action == CLARIFY:
                message = self._clarification(reply)
            elif utter_action.startswith(MORE_RESPONSE):
                message = self._second_part(rest, reply)
            elif utter_action.startswith((MISSING_RESPONSE, QUESTIONS_RESPONSE)):
                message = self._questions_about(kind, rest, reply)
            else:
                message = self._message(utter_action, reply)
            if utter_action == NOT_RIGHT:
                self._offer_others(message, reply)
            elif message.get("faq_id"):
                self._offer_second(message, reply)
            return self._complete(message, reply)

    def _without_dose(self, name: str, tracker: DialogueStateTracker) -> str:
        """ "En hoeveel?" of somebody who is pregnant or takes medicines gets the reply to that again, and no amount."""
        level = session.level_of_safety(tracker)
        if level is None or not name.startswith((FAQ_RESPONSE, MORE_RESPONSE)):
            return name
        entry = self.catalogue.get(name.partition("/")[2])
        return f"utter_{PREFIX}{level}" if entry is not None and DOSE in entry.let_op else name

    def _message(self, name: str, reply: _Reply) -> Dict[str, Any]:
        """The first suitable variation whose placeholders can all be filled, else an honest 'I don't know'."""
        if name not in self._responses:
            logger.error("There is no response %s.", name)
            name = texts.STORING
        slots = reply.tracker.current_slot_values()
        for variation in self._filter.responses_for_utter_action(name, reply.channel, slots):
            text = fill(variation.get("text", ""), reply.values)
            if text is None:
                continue
            message = {
                key: value for key, value in variation.items() if key not in ("metadata", "condition", "channel")
            }
            message["text"] = text
            metadata = variation.get("metadata") or {}
            message.update({key: metadata[key] for key in PASSED_ON if key in metadata})
            if name.startswith(FAQ_RESPONSE):
                self._add_catalogue_data(message, name[len(FAQ_RESPONSE) :])
            return message
        message = self._message(texts.WEET_IK_NIET, reply)
        if name.startswith(FAQ_RESPONSE):
            message["faq_id"] = name[len(FAQ_RESPONSE) :]
        return message

    def _add_catalogue_data(self, message: Dict[str, Any], faq_id: str) -> None:
        entry = self.catalogue[faq_id]
        message["faq_id"] = faq_id
        message["bron"] = entry.bron
        if entry.is_health:
            message["health"] = True
        message["buttons"] = [*(message.get("buttons") or []), *self._question_buttons(entry.verwant)]

    def _question_buttons(self, faq_ids: Sequence[str], most: int = MAX_SUGGESTIONS) -> List[Dict[str, str]]:
        """Buttons that ask canonical questions; the payload is what a customer could have typed."""
        known = [self.catalogue[faq_id] for faq_id in faq_ids if faq_id in self.catalogue]
        return [{"title": entry.vraag, "payload": entry.vraag} for entry in known[:most]]

    def _second_part(self, faq_id: str, reply: _Reply) -> Dict[str, Any]:
        entry = self.catalogue.get(faq_id)
        text = fill(entry.meer, reply.values) if entry and entry.meer else None
        if text is None:
            return self._message(texts.GEEN_MEER, reply)
        message: Dict[str, Any] = {"text": text}
        self._add_catalogue_data(message, faq_id)
        return message

    def _questions_about(self, name: str, onderwerp: str, reply: _Reply) -> Dict[str, Any]:
        """What can be asked about an onderwerp, when the question asked has no answer."""
        message = self._message(name, reply.with_value("onderwerp", onderwerp))
        ids = [entry.id for entry in self.catalogue.values() if entry.onderwerp == onderwerp]
        message["buttons"] = self._question_buttons(ids, MAX_QUESTIONS)
        return message

    def _clarification(self, reply: _Reply) -> Dict[str, Any]:
        """'Bedoel je ...?' with the best questions; offers a human when that keeps failing."""
        row = session.fallbacks_in_a_row(reply.tracker, FALLBACK_INTENT)
        if row > 2:
            return self._message(texts.OFFER_HUMAN, reply)
        questions = self._question_buttons(_best_ids(reply.tracker))
        if not questions:
            return self._message(texts.ASK_REPHRASE, reply)
        message = self._message(CLARIFY if row < 2 else texts.CLARIFY_AGAIN, reply)
        message["buttons"] = [*questions, *(message.get("buttons") or [])]
        return message

    def _offer_second(self, message: Dict[str, Any], reply: _Reply) -> None:
        """The second question of a customer's message, as the first button and as what "ja" means."""
        second = self.catalogue.get(str(_faq_part(reply.tracker).get("also")))
        if second is None or second.id == message["faq_id"]:
            return
        offer = self._message(texts.TWEEDE_VRAAG, reply.with_value("vraag", second.vraag))
        message["text"] += "\n\n" + offer["text"]
        message.update(bij_ja=FAQ_INTENT + second.id, ook_gevraagd=second.id)
        others = [button for button in message.get("buttons") or [] if button["payload"] != second.vraag]
        message["buttons"] = [*self._question_buttons([second.id]), *others][:MAX_SUGGESTIONS]

    def _offer_others(self, message: Dict[str, Any], reply: _Reply) -> None:
        """After "dat bedoelde ik niet": the other questions that the message before resembled."""
        others = session.other_ids(reply.tracker, PLAUSIBLE)
        message["buttons"] = [*self._question_buttons(others, MAX_OTHERS), *(message.get("buttons") or [])]

    def _remove_products(self, message: Dict[str, Any]) -> None:
        """After a matter of safety nothing points to the shop until the session ends."""
        shop = {entry.vraag for entry in self.catalogue.values() if not entry.is_health}
        if message.get("buttons"):
            message["buttons"] = [button for button in message["buttons"] if button.get("payload") not in shop]

    def _complete(self, message: Dict[str, Any], reply: _Reply) -> Dict[str, Any]:
        """Adds what a session must contain once: that this is a computer, and that it gives no medical advice."""
        if session.level_of_safety(reply.tracker) is not None:
            self._remove_products(message)
        buttons = message.get("buttons") or []
        choices = [self._questions[b["payload"]] for b in buttons if b.get("payload") in self._questions]
        if choices:
            message["keuzes"] = choices  # "de tweede" means one of these
        place = message.pop("disclosure", "before")
        if message.get("health") and not session.bot_metadata_contains(reply.tracker, "health"):
            message["text"] += "\n" + self._message(texts.ALGEMENE_INFORMATIE, reply)["text"]
        if place != "included" and not session.bot_has_spoken(reply.tracker):
            disclosure = self._message(texts.DISCLOSURE, reply)["text"]
            parts = [disclosure, message["text"]] if place == "before" else [message["text"], disclosure]
            message["text"] = "\n".join(parts)
        return message


def _faq_part(tracker: DialogueStateTracker) -> Mapping[str, Any]:
    """What understanding found out about the catalogue's questions in the latest message."""
    parse_data = tracker.latest_message.parse_data if tracker.latest_message else {}
    selector: Mapping[str, Any] = parse_data.get("response_selector") or {}  # type: ignore[assignment]
    return selector.get("faq") or {}


def _best_ids(tracker: DialogueStateTracker) -> List[str]:
    """Ids of the questions that the latest message resembles most, best first."""
    ranking = _faq_part(tracker).get("ranking") or []
    plausible = [item for item in ranking[:MAX_SUGGESTIONS] if item["confidence"] >= PLAUSIBLE]
    return [item["intent_response_key"].split("/", 1)[1] for item in plausible]
