"""From a finished draft and the conversation around it to the request that the desk stores."""

from __future__ import annotations

import datetime as dt
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from advice.content import FormContent
from advice.draft import HERE, Draft
from desk.cases import AdviceRequest, Consent, Contact, Line
from nlu.levels import ORDER, URGENT

# Levels of safety that do not end the form: they are what personal advice is often about.
SOFT_LEVELS = tuple(level for level in ORDER if level not in URGENT)
CHECK_SLOT = "check_"
MAX_LINES = 200
REQUEST = "request_advice"

Events = Sequence[Mapping[str, Any]]


def earlier_lines(events: Events, until: dt.datetime) -> List[Line]:
    """What was said in this session before the form was opened, oldest first; [] when that was only asking for it."""
    lines: List[Line] = []
    asked = 0
    for event in session_events(events):
        kind, text, at = event.get("event"), str(event.get("text") or "").strip(), event.get("timestamp")
        if kind not in ("user", "bot") or not text or not isinstance(at, (int, float)):
            continue
        moment = dt.datetime.fromtimestamp(at, dt.timezone.utc)
        if moment >= until:
            break
        asked += kind == "user" and _intent(event) != REQUEST
        lines.append(Line("customer" if kind == "user" else "bot", text, moment))
    return lines[-MAX_LINES:] if asked else []


def _intent(event: Mapping[str, Any]) -> str:
    return str(((event.get("parse_data") or {}).get("intent") or {}).get("name") or "")


def session_events(events: Events) -> Events:
    """The events since the running session began."""
    starts = [i for i, event in enumerate(events) if event.get("event") == "session_started"]
    return events[starts[-1] + 1 :] if starts else events


def self_check_answers(slots: Mapping[str, Any]) -> Dict[str, str]:
    """The answers of the self-check that the session holds: {question id: answer}."""
    found = {name[len(CHECK_SLOT) :]: value for name, value in slots.items() if name.startswith(CHECK_SLOT)}
    return {name: str(value) for name, value in found.items() if value}


def make_request(
    draft: Draft,
    *,
    conversation: str,
    channel: str,
    events: Events,
    slots: Mapping[str, Any],
    titles: Mapping[str, str],
    content: FormContent,
) -> AdviceRequest:
    """The request of a complete draft.

    Args:
        draft: complete.
        conversation: Rasa's sender id.
        channel: where the customer is.
        events: the tracker's, as plain data.
        slots: the tracker's; `veiligheid` says what triage found.
        titles: of the self-check's questions, by id.
        content: of the form.

    Raises:
        ValueError: the draft has no consent, so nothing may be stored.
    """
    if not draft.toestemming:
        raise ValueError("A request without consent is not stored.")
    contact = draft.contact or {"soort": HERE, "waarde": ""}
    level = str(slots.get("veiligheid") or "")
    check = {titles.get(i, i): answer for i, answer in self_check_answers(slots).items()}
    return AdviceRequest(
        key=draft.key,
        conversation=conversation,
        channel=channel,
        question=draft.vraag or "",
        subject=draft.onderwerp or content.ander_onderwerp,
        name=draft.naam or "",
        contact=Contact(contact["soort"], contact["waarde"]),
        order_number=draft.bestelnummer or "",
        consent=Consent(draft.toestemming["versie"], dt.datetime.fromisoformat(draft.toestemming["tijd"])),
        transcript=earlier_lines(events, draft.began_at) if draft.gesprek else None,
        self_check=check if draft.zelfcheck and check else None,
        urgent=level in URGENT,
        notes=_notes(draft, level, content),
    )


def _notes(draft: Draft, level: str, content: FormContent) -> Tuple[str, ...]:
    levels = [name for name in SOFT_LEVELS if name == level or name in draft.let_op]
    return tuple(content.let_op[name] for name in (["urgent"] if level in URGENT else []) + levels)


def soft_level(intent: str) -> Optional[str]:
    """The level of a safety intent that the form goes on after, None for any other intent."""
    level = intent[len("safety_") :] if intent.startswith("safety_") else ""
    return level if level in SOFT_LEVELS else None
