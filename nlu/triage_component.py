"""Triage as Rasa's last NLU component: a matter of safety wins over every other intent (`pipeline:` in config.yml)."""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import get_text_hash

from nlu.triage import (
    FILES,
    ORDER,
    URGENT,
    Examination,
    Triage,
    TriageHit,
    combine,
    load_triage,
    read_files,
)

logger = logging.getLogger(__name__)
NAME = "TriageComponent"

LEVEL_SLOT = "veiligheid"
ALSO_SLOT = "veiligheid_ook"
GROUP_SLOT = "medicijngroep"
INTERACTION_SLOT = "wisselwerking"
NOTHING_ELSE = "geen"


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class TriageComponent(GraphComponent):
    """Looks at every message; on a hit the intent becomes `safety_<level>` with confidence 1.

    "Training" only copies the data files into the model, so that a running model does not depend on a folder. It must
    stand last in the pipeline: it reads `label_probabilities` of the classifier before it, when there are any.
    """

    def __init__(self, storage: ModelStorage, resource: Resource, triage: Optional[Triage]) -> None:
        """Keeps where to persist and, when loaded, the patterns."""
        self._storage = storage
        self._resource = resource
        self._triage = triage

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Changed patterns or medicines need a new model."""
        texts = read_files()
        return str(get_text_hash("\n".join(texts[name] for name in FILES)))

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TriageComponent:
        """Makes a component without patterns."""
        return cls(model_storage, resource, None)

    def train(self, training_data: TrainingData) -> Resource:
        """Checks the data files and puts them into the model.

        Raises:
            PatternError: a pattern is written wrongly; the message names it.
        """
        texts = read_files()
        self._triage = load_triage(texts)
        with self._storage.write_to(self._resource) as folder:
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> TriageComponent:
        """Loads the patterns out of the model."""
        with model_storage.read_from(resource) as folder:
            texts = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
        return cls(model_storage, resource, load_triage(texts))

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing after this component learns from its predictions."""
        return training_data

    def process(self, messages: List[Message], tracker: Optional[DialogueStateTracker] = None) -> List[Message]:
        """Examines messages; `tracker` is the conversation before them."""
        assert self._triage is not None
        flag = current_flag(tracker)
        for message in messages:
            seen = self._examine(message.get("text") or "")
            hit = combine(seen, message.get("label_probabilities") or {})
            if hit is not None:
                write_hit(message, hit, flag)
        return messages

    def _examine(self, text: str) -> Examination:
        assert self._triage is not None
        return self._triage.examine(text)


def current_flag(tracker: Optional[DialogueStateTracker]) -> Optional[str]:
    """The level that was noted earlier in this session, None without one."""
    if tracker is None or LEVEL_SLOT not in tracker.slots:
        return None
    value = tracker.slots[LEVEL_SLOT].value
    return value if isinstance(value, str) else None


def level_to_note(hit: TriageHit, flag: Optional[str]) -> str:
    """The session's level after this hit: an urgent one stays until a more urgent one comes."""
    if flag in URGENT and ORDER.index(flag) < ORDER.index(hit.name):
        return str(flag)
    return hit.name


def write_hit(message: Message, hit: TriageHit, flag: Optional[str]) -> None:
    """Puts a hit on a Rasa message: intent first in the ranking, and entities that fill the slots of safety."""
    # Only what is needed to improve the patterns, and no word of the message: it is about health.
    logger.info("Triage: %s by %s.", hit.intent, hit.pattern)
    intent = {"name": hit.intent, "confidence": 1.0}
    others = [entry for entry in message.get("intent_ranking") or [] if entry.get("name") != hit.intent]
    message.set("intent", intent, add_to_output=True)
    message.set("intent_ranking", [intent, *others], add_to_output=True)
    values = {LEVEL_SLOT: level_to_note(hit, flag)}
    if hit.name == "suicide":
        values[ALSO_SLOT] = "emergency" if "emergency" in hit.also else NOTHING_ELSE
    if hit.name == "medication":
        values[INTERACTION_SLOT] = hit.interaction
    if hit.medicine_group is not None:
        values[GROUP_SLOT] = hit.medicine_group
    entities = [
        {"entity": name, "value": value, "start": 0, "end": 0, "extractor": NAME} for name, value in values.items()
    ]
    message.set("entities", [*(message.get("entities") or []), *entities], add_to_output=True)
