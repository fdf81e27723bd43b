"""The trained assistant inside this process: whole conversations without servers, ports or files.

Messages go through Rasa's own processor with the real rules, answers and actions, so what is measured is what a
customer would meet. Only the channel and the network between Rasa and the actions are left out.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Coroutine, Dict, Iterable, List, Mapping, Sequence, Tuple

from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.shared.core.events import BotUttered, UserUttered
from rasa.utils.endpoints import EndpointConfig
from rasa.utils.log_utils import configure_structlog
from rasa_sdk.executor import ActionExecutor

from evaluation.metrics import Prediction

_FAQ = "faq"

Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Shows no progress."""


@dataclass(frozen=True)
class Turn:
    """What came of one message of a conversation.

    Attributes:
        intent: the intent it was taken for.
        entities: (entity, value) pairs.
        replies: metadata of each message that the assistant sent, `utter_action` and `faq_id` among them.
        texts: text of each of them.
    """

    intent: str
    entities: Tuple[Tuple[str, str], ...]
    replies: Tuple[Mapping[str, Any], ...]
    texts: Tuple[str, ...]


class _ActionsHere(EndpointConfig):  # type: ignore[misc]
    """Stands for the action server's address and runs the actions in this process."""

    def __init__(self) -> None:
        super().__init__(url="http://localhost/")
        self._executor = ActionExecutor()
        self._executor.register_package("actions")

    async def request(self, *_: Any, **given: Any) -> Any:
        return await self._executor.run(given["json"])


class Assistant:
    """A loaded model, with or without the product's answers and actions."""

    def __init__(self, model: Path, with_answers: bool = True) -> None:
        """Loads the model.

        Args:
            model: a model file of Rasa.
            with_answers: whether conversations will be held; False is enough to parse messages.
        """
        configure_structlog(logging.ERROR)  # by default every message is written out in full
        logging.getLogger("rasa_sdk").setLevel(logging.ERROR)
        self._loop = asyncio.new_event_loop()
        extra: Dict[str, Any] = {}
        if with_answers:
            generator = EndpointConfig(type="answering.generator.AnswerGenerator")
            extra = {"generator": generator, "action_endpoint": _ActionsHere()}
        self._agent = Agent.load(str(model), **extra)

    def close(self) -> None:
        """Ends the event loop."""
        self._loop.close()

    def _wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(coroutine)

    def parse(self, text: str) -> Mapping[str, Any]:
        """What Rasa's pipeline makes of one message outside any conversation, in Rasa's own shape."""
        result: Mapping[str, Any] = self._wait(self._agent.parse_message(text))
        return result

    def predict(self, texts: Sequence[str], progress: Progress = silent) -> List[Prediction]:
        """A prediction per message, in the same order."""
        predictions = []
        for i, text in enumerate(texts, 1):
            predictions.append(to_prediction(self.parse(text)))
            progress(i, len(texts))
        return predictions

    def converse(self, texts: Iterable[str]) -> List[Turn]:
        """Holds one conversation and gives a turn per message."""
        sender = uuid.uuid4().hex
        return [self._wait(self._turn(text, sender)) for text in texts]

    async def _turn(self, text: str, sender: str) -> Turn:
        await self._agent.handle_message(UserMessage(text, CollectingOutputChannel(), sender, input_channel="rest"))
        tracker = await self._agent.tracker_store.retrieve(sender)
        replies: List[BotUttered] = []
        for event in reversed(tracker.events):
            if isinstance(event, UserUttered):
                break
            if isinstance(event, BotUttered):
                replies.insert(0, event)
        heard = tracker.latest_message
        return Turn(
            intent=heard.intent_name or "",
            entities=tuple((e["entity"], str(e["value"])) for e in heard.entities),
            replies=tuple(reply.metadata or {} for reply in replies),
            texts=tuple(reply.text or "" for reply in replies),
        )


def to_prediction(parsed: Mapping[str, Any]) -> Prediction:
    """Reads Rasa's parse of a message, by our pipeline or by stock Rasa.

    Stock Rasa's ResponseSelector has a confidence of its own, given that the intent is faq; ours ranks ids and intents
    together, so its ids need no such factor.
    """
    intent = parsed.get("intent") or {}
    name, confidence = intent.get("name") or "", float(intent.get("confidence") or 0.0)
    selector = (parsed.get("response_selector") or {}).get(_FAQ) or {}
    ranking = selector.get("ranking") or []
    top = tuple(_id(item["intent_response_key"]) for item in ranking)
    intents = {item["name"]: float(item["confidence"]) for item in parsed.get("intent_ranking") or []}
    of_faq = (
        1.0 if any(label.startswith("faq/") for label in intents) else intents.get(_FAQ, 1.0 if not intents else 0.0)
    )
    faq_confidence = float(ranking[0]["confidence"]) * of_faq if ranking else 0.0
    if name == _FAQ:
        response = selector.get("response") or {}
        name = f"{_FAQ}/{_id(response.get('intent_response_key') or '')}"
        confidence = confidence if of_faq == 1.0 else faq_confidence
    return Prediction(name, confidence, top, faq_confidence)


def _id(key: str) -> str:
    return key.partition("/")[2]
