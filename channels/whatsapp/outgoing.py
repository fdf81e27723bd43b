"""What the assistant says, as messages of the Graph API: text, up to 3 buttons, else a list of up to 10 rows.

Limits: Meta, "text messages" (4096), "interactive reply buttons messages" (body 1024, 3 buttons of 20 characters, ids
of 256), "interactive list messages" (10 rows in all, titles of 24, descriptions of 72, ids of 200), "image messages"
(caption 1024), "templates" (1024 for a whole body, no line ends inside a value).
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Dict, List, Mapping, Optional, Sequence

from channels.base import Answer, Button, ChannelLimits, Choice, Outgoing, Style, utf16_units
from channels.render import as_row, render, split_text
from channels.whatsapp.incoming import is_scoped

LIMITS = ChannelLimits(
    text=4096,
    caption=1024,
    text_with_choices=1024,
    buttons=3,
    button_title=20,
    list_rows=10,
    row_title=24,
    row_description=72,
    list_label=20,
    measure=utf16_units,
)
TEMPLATE_VALUE = 800  # of the 1024 characters that a template's whole body may have
_MORE = "\x00meer:"  # no customer can type it: control characters are cleaned out of every text
Message = Dict[str, Any]


def fit(answer: Answer, list_label: str, more: str) -> List[Outgoing]:
    """The messages that say an answer.

    Args:
        answer: what the assistant said.
        list_label: what stands on the button that opens a list.
        more: title of the row that shows what did not fit in 10 rows.
    """
    buttons = _unique(answer.buttons)
    if len(buttons) > LIMITS.list_rows:
        kept, rest = buttons[: LIMITS.list_rows - 1], buttons[LIMITS.list_rows - 1 :]
        buttons = [*kept, Button(more, _MORE + json.dumps([[b.title, b.payload] for b in rest], ensure_ascii=False))]
    return [
        _distinct(message, list_label)
        for message in render(replace(answer, buttons=tuple(buttons)), LIMITS, list_label)
    ]


def rest_of(payload: str) -> Optional[Sequence[Button]]:
    """The buttons that a press on the row `more` asks for; None for any other payload."""
    if not payload.startswith(_MORE):
        return None
    return [Button(title, said) for title, said in json.loads(payload[len(_MORE) :])]


def as_message(message: Outgoing, picture: Optional[Mapping[str, str]] = None) -> Message:
    """One message without its recipient.

    Args:
        message: within `LIMITS`.
        picture: {"id": of an uploaded one} or {"link": a public address}; None leaves the picture out.
    """
    if picture is not None:
        return {"type": "image", "image": {**picture, **({"caption": message.text} if message.text else {})}}
    if message.style is Style.BUTTONS:
        return _interactive("button", message.text, {"buttons": [_button(choice) for choice in message.choices]})
    if message.style is Style.LIST:
        rows = [_row(choice) for choice in message.choices]
        return _interactive("list", message.text, {"button": message.list_label, "sections": [{"rows": rows}]})
    # Without preview: a picture of some page would push the words away.
    return {"type": "text", "text": {"body": message.text, "preview_url": False}}


def templates(name: str, language: str, text: str) -> List[Message]:
    """An approved template around a text, the only thing that may be sent 24 hours after the customer's last message.

    A template's value holds no line ends, tabs or rows of blanks; a long text goes in several templates.
    """
    parts = split_text(" ".join(text.split()), TEMPLATE_VALUE, utf16_units)
    return [
        {
            "type": "template",
            "template": {
                "name": name,
                "language": {"code": language},
                "components": [{"type": "body", "parameters": [{"type": "text", "text": part}]}],
            },
        }
        for part in parts
    ]


def addressed(user: str, message: Message, reference: str = "") -> Message:
    """The whole request: a business-scoped id goes to `recipient`, a phone number to `to`.

    A scoped id in `to` is answered with 200 and reaches nobody. Meta repeats `reference` in its reports.
    """
    place = {"recipient": user} if is_scoped(user) else {"to": user}
    along = {"biz_opaque_callback_data": reference} if reference else {}
    return {"messaging_product": "whatsapp", "recipient_type": "individual", **place, **along, **message}


def read_receipt(message_id: str, typing: bool) -> Message:
    """Two blue ticks, and "typing" for up to 25 seconds when an answer is on its way."""
    receipt: Message = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id}
    return {**receipt, "typing_indicator": {"type": "text"}} if typing else receipt


def _unique(buttons: Sequence[Button]) -> List[Button]:
    return list({button.payload: button for button in reversed(buttons)}.values())[::-1]


def _distinct(message: Outgoing, list_label: str) -> Outgoing:
    """Two buttons with the same words are refused; two rows are not."""
    if message.style is not Style.BUTTONS or len({c.title for c in message.choices}) == len(message.choices):
        return message
    rows = tuple(as_row(choice, LIMITS) for choice in message.choices)
    return replace(message, style=Style.LIST, choices=rows, list_label=list_label)


def _button(choice: Choice) -> Dict[str, Any]:
    return {"type": "reply", "reply": {"id": choice.token, "title": choice.title}}


def _row(choice: Choice) -> Dict[str, str]:
    row = {"id": choice.token, "title": choice.title}
    return {**row, "description": choice.description} if choice.description else row


def _interactive(kind: str, body: str, action: Dict[str, Any]) -> Message:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": body}, "action": action}}
