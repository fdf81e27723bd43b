"""The understanding pipeline as one Rasa graph component (`pipeline:` in config.yml)."""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Mapping, Optional, Tuple

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import get_text_hash

from answering import session
from content.catalogue import FAQ_INTENT, FAQ_RESPONSE, onderwerp_and_aspect
from monitoring import metrics
from nlu import linear, understanding_training
from nlu.advice import DRAFT_SLOT, FORM
from nlu.ahead import examples_of, learn_into
from nlu.context import Conversation
from nlu.dutch import installed_name, load_dutch, load_table, load_word_list, remembering
from nlu.follow_ups import FALLBACK
from nlu.lexicon import FILES, FOLDER, Lexicon
from nlu.persistence import code_fingerprint, load_features, load_state
from nlu.understanding import Thresholds, Understanding, Understood

logger = logging.getLogger(__name__)
NAME = "DutchUnderstanding"


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class DutchUnderstanding(GraphComponent):
    """Normalises, corrects, ranks all intents and `faq/<id>` together, applies the topic gate, resolves follow-ups.

    It sets on each message: `intent` {name, confidence}, `intent_ranking`, `entities`, `response_selector` in the shape
    of Rasa's own ResponseSelector (so that `utter_faq` utters the answer), and `safety_probabilities` {intent: float}.
    """

    def __init__(
        self, config: Dict[str, Any], storage: ModelStorage, resource: Resource, understanding: Optional[Understanding]
    ) -> None:
        """Keeps where to persist and, when loaded, the trained pipeline."""
        self._config = config
        self._storage = storage
        self._resource = resource
        self._understanding = understanding

    @staticmethod
    def get_default_config() -> Dict[str, Any]:
        """Thresholds of confidence; see `nlu.understanding.Thresholds`."""
        return {
            "faq_threshold": Thresholds.faq,
            "shop_threshold": Thresholds.shop,
            "other_threshold": Thresholds.other,
        }

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """The dictionary files, the spaCy pipeline and our code also decide what is learnt."""
        files = [(FOLDER / f"{name}.yml").read_text(encoding="utf-8") for name in FILES]
        return str(get_text_hash(code_fingerprint() + installed_name() + "\n".join(files)))

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> DutchUnderstanding:
        """Makes an untrained component."""
        return cls(config, model_storage, resource, None)

    def train(self, training_data: TrainingData) -> Resource:
        """Learns from the examples and persists what was learnt."""
        examples = examples_of(training_data)
        with self._storage.write_to(self._resource) as folder:
            name = understanding_training.NAME
            learn_into(folder, name, examples, understanding_training.learn)
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> DutchUnderstanding:
        """Loads a trained component.

        Raises:
            RasaException: the model was trained with another Dutch spaCy pipeline than the one installed.
        """
        with model_storage.read_from(resource) as folder:
            state, arrays = load_state(folder)
            ranker = linear.from_arrays(state["labels"], load_features(folder), state["sharpness"], arrays)
        dutch = load_dutch()
        if dutch.name != state["dutch"]:
            raise RasaException(
                f"This model was trained with the Dutch pipeline {state['dutch']}, but {dutch.name} is installed. "
                "Run `make train`, or install the other one (README, 'The Dutch language model')."
            )
        logger.info("Dutch language pipeline: %s", dutch.name)
        load_table().use(arrays[understanding_training.LEMMAS])
        thresholds = Thresholds(config["faq_threshold"], config["shop_threshold"], config["other_threshold"])
        lexicon = Lexicon.from_data(state["lexicon"])
        lemmatise = remembering(dutch.lemmas)
        also_about = {faq_id: frozenset(names) for faq_id, names in state["also_about"].items()}
        mentions = {faq_id: frozenset(names) for faq_id, names in state["mentions"].items()}
        pipeline = Understanding(
            lexicon,
            state["spelling"],
            ranker,
            state["sentences"],
            also_about,
            mentions,
            lemmatise,
            thresholds,
            load_word_list(),
        )
        return cls(config, model_storage, resource, pipeline)

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing after this component learns from its predictions."""
        return training_data

    def process(self, messages: List[Message], tracker: Optional[DialogueStateTracker] = None) -> List[Message]:
        """Understands messages in the conversation of `tracker`, which ends before them."""
        assert self._understanding is not None
        conversation = read_conversation(tracker)
        for message in messages:
            with metrics.timed("understanding"):
                write_result(message, self._understanding.understand(message.get("text") or "", conversation))
        return messages


def read_conversation(tracker: Optional[DialogueStateTracker]) -> Conversation:
    """What earlier messages of the session were about."""
    if tracker is None or not tracker.events:
        return Conversation()
    offered = session.last_bot_metadata(tracker)
    last = tracker.latest_message
    asked, is_pending = session.last_question(tracker)
    onderwerp = tracker.slots["onderwerp"].value if "onderwerp" in tracker.slots else None
    earlier = (onderwerp_and_aspect(faq_id)[0] for faq_id in session.last_ids(tracker))
    return Conversation(
        onderwerp=onderwerp,
        aspect=tracker.slots["aspect"].value if "aspect" in tracker.slots else None,
        last_id=session.last_answered_id(tracker),
        last_intent=last.intent_name if last else None,
        bij_ja=offered.get("bij_ja"),
        bij_nee=offered.get("bij_nee"),
        keten=offered.get("keten") or {},
        advies=advice_step(tracker, offered),
        choices=tuple(offered.get("keuzes") or ()),
        asked=asked,
        is_pending=is_pending,
        earlier=tuple(dict.fromkeys(name for name in earlier if name not in (onderwerp, "winkel"))),
    )


def advice_step(tracker: DialogueStateTracker, offered: Mapping[str, Any]) -> str:
    """The step that the advice form stands at; what the desk said last when it is closed; '' otherwise."""
    slot = tracker.slots.get(DRAFT_SLOT)
    draft = slot.value if slot is not None else None
    about = draft if tracker.active_loop_name == FORM else offered.get("advies")
    return str(about.get("stap") or "") if isinstance(about, dict) else ""


def write_result(message: Message, understood: Understood) -> None:
    """Puts the result on a Rasa message in the shapes that Rasa's own components use."""
    ranking = [{"name": label, "confidence": p} for label, p in understood.ranking]
    intent = {"name": understood.intent, "confidence": understood.confidence}
    message.set("intent", intent, add_to_output=True)
    message.set("intent_ranking", [intent, *ranking] if understood.intent == FALLBACK else ranking, add_to_output=True)
    entities = [
        {
            "entity": e.entity,
            "value": e.value,
            "start": e.start,
            "end": e.end,
            "extractor": NAME,
            **({"role": e.role} if e.role else {}),
        }
        for e in understood.entities
    ]
    message.set("entities", (message.get("entities") or []) + entities, add_to_output=True)
    message.set("safety_probabilities", understood.safety)
    message.set("response_selector", _response_selector(understood), add_to_output=True)


def _response_selector(understood: Understood) -> Dict[str, Any]:
    ranking = [{"intent_response_key": FAQ_INTENT + i, "confidence": p} for i, p in understood.faq_ranking]
    best: Tuple[str, float] = understood.faq_ranking[0] if understood.faq_ranking else ("", 0.0)
    faq_id = understood.faq_id or best[0]
    confidence = understood.confidence if understood.faq_id else best[1]
    response = {
        "responses": [],
        "confidence": confidence,
        "intent_response_key": FAQ_INTENT + faq_id,
        "utter_action": understood.utter_action or FAQ_RESPONSE + faq_id,
    }
    of_faq: Dict[str, Any] = {"response": response, "ranking": ranking}
    if understood.also:
        of_faq["also"] = understood.also
    if understood.asked:
        of_faq["asked"] = understood.asked
    return {"all_retrieval_intents": ["faq"], "faq": of_faq}
