"""Triage as Rasa's last NLU component: a matter of safety wins over every other intent (`pipeline:` in config.yml)."""

from __future__ import annotations

import logging
from typing import Any, Dict, List, Optional, Tuple

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.io import get_text_hash

from monitoring import metrics
from nlu import triage_training
from nlu.again import Again
from nlu.ahead import examples_of, learn_into
from nlu.levels import ORDER, PREFIX
from nlu.persistence import code_fingerprint, load_features, load_state
from nlu.triage import (
    FILES,
    FOLDER,
    Examination,
    Judgement,
    Triage,
    TriageHit,
    assess,
    combine,
    load_triage,
    read_files,
)
from nlu.triage_classifier import (
    CLASSES,
    Opinion,
    Reader,
    from_arrays,
)
from nlu.triage_examples import PATTERN

logger = logging.getLogger(__name__)
NAME = "TriageComponent"
# What a session remembers: first what is urgent, then what says most about who asks; `condition` is the vaguest.
NOTED_ORDER = (*ORDER[:4], "pregnancy", "child", "medication", "condition")

LEVEL_SLOT = "veiligheid"
ALSO_SLOT = "veiligheid_ook"
GROUP_SLOT = "medicijngroep"
INTERACTION_SLOT = "wisselwerking"
NOTHING_ELSE = "geen"
FALLBACK = "nlu_fallback"
OUT_OF_SCOPE = "out_of_scope"
LOSS_SLOT = "verlies"
_TEXTS = 400  # how many messages are kept that came more than once

_running: List["TriageComponent"] = []  # the one that was loaded last; see `assess_alone`


def assess_alone(text: str) -> Optional[TriageHit]:
    """What triage finds in a text outside any conversation: with its classifier when a model is loaded in this process,
    else by the patterns alone. For moments in which Rasa can't be asked."""
    return _running[-1].assess(text) if _running else assess(text)


@DefaultV1Recipe.register([DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER], is_trainable=True)
class TriageComponent(GraphComponent):
    """Looks at every message; on a hit the intent becomes `safety_<level>` with confidence 1.

    Training copies the data files into the model, so that a running model depends on no folder, and fits triage's own
    classifier. It must stand last in the pipeline: it reads `safety_probabilities` of the classifier before it, when
    there are any, and takes back a `safety_` intent that neither patterns nor classifiers support well enough.
    """

    def __init__(
        self, storage: ModelStorage, resource: Resource, triage: Optional[Triage], opinion: Optional[Opinion]
    ) -> None:
        """Keeps where to persist and, when loaded, patterns and classifier."""
        self._storage = storage
        self._resource = resource
        self._triage = triage
        self._opinion = opinion
        self._look: Again[str, Tuple[Examination, Judgement]] = Again(self._examine, _TEXTS)

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Changed patterns, medicines, classes, sentences or code need a new model."""
        texts = list(read_files().values())
        texts += [path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob(PATTERN))]
        texts += [(FOLDER / CLASSES).read_text(encoding="utf-8"), code_fingerprint()]
        return str(get_text_hash("\n".join(texts)))

    @classmethod
    def create(
        cls,
        config: Dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> TriageComponent:
        """Makes a component without patterns."""
        return cls(model_storage, resource, None, None)

    def train(self, training_data: TrainingData) -> Resource:
        """Checks the data files, puts them into the model and fits the classifier.

        Raises:
            PatternError: a pattern is written wrongly; the message names it.
        """
        examples = examples_of(training_data)
        with self._storage.write_to(self._resource) as folder:
            learn_into(folder, triage_training.NAME, examples, triage_training.learn)
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
        """Loads patterns and classifier out of the model."""
        with model_storage.read_from(resource) as folder:
            texts = {name: (folder / name).read_text(encoding="utf-8") for name in FILES}
            state, arrays = load_state(folder)
            reader = Reader(state["classes"], state["spelling"])
            opinion = from_arrays(state["labels"], load_features(folder), reader, arrays)
        component = cls(model_storage, resource, load_triage(texts), opinion)
        _running.append(component)
        del _running[:-1]
        return component

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing after this component learns from its predictions."""
        return training_data

    def process(self, messages: List[Message], tracker: Optional[DialogueStateTracker] = None) -> List[Message]:
        """Examines messages; `tracker` is the conversation before them."""
        flag = current_flag(tracker)
        for message in messages:
            with metrics.timed("triage"):
                seen, own = self._look(message.get("text") or "")
                hit = combine(seen, own, message.get("safety_probabilities") or {})
            if hit is not None:
                write_hit(message, hit, flag)
            else:
                take_back(message)
                _note_loss(message, seen, tracker)
            intent = message.get("intent") or {}
            metrics.understood(str(intent.get("name", "")), float(intent.get("confidence") or 0.0))
        return messages

    def assess(self, text: str) -> Optional[TriageHit]:
        """What patterns and triage's own classifier find in one text."""
        return combine(*self._look(text), {})

    def _examine(self, text: str) -> Tuple[Examination, Judgement]:
        assert self._triage is not None
        seen, clauses = self._triage.study(text)
        return seen, self._opinion.judge(clauses) if self._opinion is not None else Judgement({}, {})


def _note_loss(message: Message, seen: Examination, tracker: Optional[DialogueStateTracker]) -> None:
    """Who tells of a death and asks nothing that has an answer gets a kind word, not "dat begrijp ik niet"."""
    intent = message.get("intent") or {}
    if intent.get("name") not in (FALLBACK, OUT_OF_SCOPE):
        return
    if seen.loss is not None:
        message.set("intent", {**intent, "name": OUT_OF_SCOPE}, add_to_output=True)
        add_entities(message, {LOSS_SLOT: seen.loss})
    elif current_flag(tracker, LOSS_SLOT) not in (None, NOTHING_ELSE):  # the kind word was for the message before
        add_entities(message, {LOSS_SLOT: NOTHING_ELSE})


def take_back(message: Message) -> None:
    """An intent of safety without a hit is a guess: the next best takes its place only through the fallback."""
    intent = message.get("intent") or {}
    if str(intent.get("name", "")).startswith(PREFIX):
        ranking = [entry for entry in message.get("intent_ranking") or [] if not entry["name"].startswith(PREFIX)]
        fallback = {"name": FALLBACK, "confidence": float(intent.get("confidence") or 0.0)}
        message.set("intent", fallback, add_to_output=True)
        message.set("intent_ranking", [fallback, *ranking], add_to_output=True)


def current_flag(tracker: Optional[DialogueStateTracker], name: str = LEVEL_SLOT) -> Optional[str]:
    """What a slot of triage noted earlier in this session, as a rule the level; None without it."""
    if tracker is None or name not in tracker.slots:
        return None
    value = tracker.slots[name].value
    return value if isinstance(value, str) else None


def level_to_note(hit: TriageHit, flag: Optional[str]) -> str:
    """The session's level after this hit: the one noted stays until one that weighs more comes."""
    known = [name for name in (flag, hit.name) if name in NOTED_ORDER]
    return min(known, key=NOTED_ORDER.index)


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
    add_entities(message, values)


def add_entities(message: Message, values: Dict[str, str]) -> None:
    """Adds what fills slots: {name: value}."""
    entities = [
        {"entity": name, "value": value, "start": 0, "end": 0, "extractor": NAME} for name, value in values.items()
    ]
    message.set("entities", [*(message.get("entities") or []), *entities], add_to_output=True)
