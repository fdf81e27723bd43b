"""A request for advice in the making: plain data that fits into one slot of the conversation."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Any, Dict, Optional, Tuple

EMAIL, PHONE, HERE = "email", "phone", "here"
_KEPT_PRIVATE = 60  # texts to take out of the conversation afterwards


@dataclass(frozen=True)
class Draft:
    """What is known so far. None: not asked yet; '': asked and left out.

    Attributes:
        key: the same for every try to send this one request.
        stap: the step that waits for an answer (see `nlu.advice`).
        begonnen: when the form was opened, ISO 8601 in UTC; the conversation before it may go along.
        fouten: wrong answers in a row to this step.
        wijzigt: whether the customer is changing one part of a request that was complete.
        toestemming: {"versie", "tijd"} of the consent.
        contact: {"soort": EMAIL, PHONE or HERE, "waarde"}.
        gesprek, zelfcheck: whether the conversation and the self-check go along.
        let_op: levels of safety that came up on the way.
        prive: everything that was typed at a private question, also what was refused: it must leave the conversation.
        bericht: id of the last message that was answered, so that none counts twice.
    """

    key: str
    stap: str
    begonnen: str
    fouten: int = 0
    wijzigt: bool = False
    toestemming: Optional[Dict[str, str]] = None
    vraag: Optional[str] = None
    onderwerp: Optional[str] = None
    naam: Optional[str] = None
    contact: Optional[Dict[str, str]] = None
    bestelnummer: Optional[str] = None
    gesprek: Optional[bool] = None
    zelfcheck: Optional[bool] = None
    let_op: Tuple[str, ...] = ()
    prive: Tuple[str, ...] = ()
    bericht: str = ""

    def as_slot(self) -> Dict[str, Any]:
        """Plain data for the slot."""
        return {**asdict(self), "let_op": list(self.let_op), "prive": list(self.prive)}

    @classmethod
    def from_slot(cls, value: Any) -> Optional[Draft]:
        """Reads the slot; None when it is empty or damaged."""
        if not isinstance(value, dict) or not all(isinstance(value.get(k), str) for k in ("key", "stap", "begonnen")):
            return None
        known = {name: value[name] for name in cls.__dataclass_fields__ if name in value}
        if not isinstance(known.get("prive", []), (list, tuple)) or not isinstance(known.get("fouten", 0), int):
            return None
        known["let_op"], known["prive"] = tuple(known.get("let_op") or ()), tuple(known.get("prive") or ())
        return cls(**known)

    def with_private(self, *texts: str) -> Draft:
        """The same, remembering that these texts are private."""
        new = [text for text in dict.fromkeys(texts) if text and text not in self.prive]
        return replace(self, prive=(*self.prive, *new)[-_KEPT_PRIVATE:])

    @property
    def began_at(self) -> dt.datetime:
        """When the form was opened (aware)."""
        return dt.datetime.fromisoformat(self.begonnen)


def new_draft(conversation: str, now: dt.datetime, first_step: str) -> Draft:
    """An empty request; the key tells nothing about the conversation."""
    begun = now.astimezone(dt.timezone.utc).isoformat()
    key = hashlib.sha256(f"{conversation}\n{begun}".encode()).hexdigest()[:40]
    return Draft(key=key, stap=first_step, begonnen=begun)
