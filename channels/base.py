"""What Telegram, WhatsApp and their like share, as types: what comes in, what goes out, and what a channel can carry.

The way of a message: a channel's endpoint authenticates the call and makes `Incoming` of it; `service.ChannelService`
stores it (`inbox`), answers it with Rasa in order per conversation, renders the answers (`render`) and puts them into
the outgoing queue (`outgoing`) in the transaction that marks the message as answered; `Connector.send` delivers them.
"""

from __future__ import annotations

import enum
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, field
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple


class Kind(str, enum.Enum):
    """What an incoming message is.

    TEXT: something to answer. PRESS: a button by its token (`Incoming.token`), answered when it was offered.
    NOTICE: something that gets one fixed text (`Incoming.notice`), such as a photo. IGNORED: only remembered, so that
    it is not looked at again.
    """

    TEXT = "text"
    PRESS = "press"
    NOTICE = "notice"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Incoming:
    """An authentic message from a channel.

    Attributes:
        channel: the connector's name.
        message_id: the channel's own id of this delivery; the same (channel, id) is handled once.
        conversation: Rasa's sender id, such as `telegram-1234`.
        recipient: where the channel wants replies sent (a chat id, a phone number).
        kind: see `Kind`.
        text: of a TEXT: what was said, cleaned (`incoming.clean_text`); '' else.
        token: of a PRESS: the token of the button.
        notice: of a NOTICE: the name of a text in data/gesprek/teksten.yml.
        once: of a NOTICE: says it once per conversation, not every time.
        sequence: orders messages of the channel when they come in shuffled; 0 when the channel has no such number.
        extra: what the connector needs later (a callback id, a message id to mark as read); JSON values.
    """

    channel: str
    message_id: str
    conversation: str
    recipient: str
    kind: Kind
    text: str = ""
    token: str = ""
    notice: str = ""
    once: bool = False
    sequence: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Button:
    """A button as Rasa sends it: `payload` is the plain Dutch that pressing it stands for."""

    title: str
    payload: str


@dataclass(frozen=True)
class Image:
    """A picture: its address (absolute, or from the root when the assistant has no public address) and its alt text."""

    url: str
    alt: str = ""

    @property
    def file_name(self) -> str:
        """The last part of the address: the picture's name in `chain.album`."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Answer:
    """One reply of the assistant, before it is fitted into a channel."""

    text: str = ""
    buttons: Tuple[Button, ...] = ()
    image: Optional[Image] = None


FROM_DESK = "from_desk"  # in `Outgoing.extra`: an owner's words, which WhatsApp may send as a template when it is late
REFERENCE = "reference"  # in `Outgoing.extra` while it is delivered: what the channel repeats in its reports about it


class Style(str, enum.Enum):
    """How the choices of an outgoing message are shown."""

    NONE = "none"
    BUTTONS = "buttons"
    LIST = "list"
    NUMBERS = "numbers"  # written in the text: "1. ...", answered by typing the number


@dataclass(frozen=True)
class Choice:
    """A button in an outgoing message.

    Attributes:
        title: what stands on it, within the channel's limit.
        payload: what pressing it says.
        description: the rest of a title that was too long; only in lists.
        token: what the channel sends back when it is pressed; `outgoing.token_of(payload)`.
    """

    title: str
    payload: str
    token: str
    description: str = ""


@dataclass(frozen=True)
class Outgoing:
    """One message within the channel's limits, not yet escaped: one call of the channel's interface.

    Attributes:
        text: plain text; the caption when there is an image; may be '' only with an image.
        choices: the buttons.
        style: how they are shown.
        image: a picture.
        list_label: of a list: what stands on the button that opens it.
        extra: what a connector adds for its own `send`; JSON values.
    """

    text: str = ""
    choices: Tuple[Choice, ...] = ()
    style: Style = Style.NONE
    image: Optional[Image] = None
    list_label: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> Dict[str, Any]:
        """JSON values, for the queue."""
        return {**asdict(self), "style": self.style.value, "extra": dict(self.extra)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Outgoing":
        """The opposite of `as_dict`."""
        image = data.get("image")
        return cls(
            text=data["text"],
            choices=tuple(Choice(**choice) for choice in data["choices"]),
            style=Style(data["style"]),
            image=Image(**image) if image else None,
            list_label=data.get("list_label", ""),
            extra=data.get("extra") or {},
        )


def utf16_units(text: str) -> int:
    """Length as Telegram counts: characters outside the basic plane (most emoji) are two."""
    return len(text) + sum(character > "\uffff" for character in text)


@dataclass(frozen=True)
class ChannelLimits:
    """What fits into one message of a channel; lengths as `measure` counts them.

    Attributes:
        text: of a message.
        caption: of a message with a picture; a longer text follows in a message of its own.
        text_with_choices: of a message with buttons or a list; 0 for the same as `text`.
        buttons: how many buttons one message carries; 0 for none.
        button_title: of a button's title; a longer one makes it a list, or numbers.
        list_rows: rows of a list; 0 when the channel has no lists.
        row_title: of a row's title.
        row_description: of a row's second line.
        list_label: of the button that opens the list.
        measure: counts a text.
    """

    text: int
    caption: int
    buttons: int
    button_title: int
    text_with_choices: int = 0
    list_rows: int = 0
    row_title: int = 0
    row_description: int = 0
    list_label: int = 0
    measure: Callable[[str], int] = len


class SendFailed(Exception):
    """A message could not be delivered.

    The text goes to the log: no content, no token, no number of a customer.

    Attributes:
        retry_after: seconds that the channel asked to wait (429); None for the queue's own back-off.
        is_permanent: trying again is of no use (blocked by the customer, refused content): dead letter.
        stops_channel: the channel refuses our credentials: everything waits, nothing is lost.
    """

    def __init__(
        self,
        reason: str,
        retry_after: Optional[float] = None,
        is_permanent: bool = False,
        stops_channel: bool = False,
    ) -> None:
        """See the class."""
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_permanent = is_permanent
        self.stops_channel = stops_channel


class Connector(ABC):
    """One channel as the service sees it."""

    name: str
    limits: ChannelLimits
    keep_ids = 3 * 86_400.0  # seconds after which a delivery that comes again is no longer recognised
    is_consecutive = False  # `Incoming.sequence` counts 1, 2, 3 ... over the channel, so that a gap is visible
    # Seconds after a start in which the channel may still report what became of messages that an earlier process was
    # delivering when it died; they are not sent again before. 0 for a channel that reports nothing.
    reports_within = 0.0

    @abstractmethod
    async def send(self, conversation: str, recipient: str, message: Outgoing) -> str:
        """Delivers one message with a timeout of its own; returns the channel's id of it, '' when there is none.

        Raises:
            SendFailed: it was not delivered. Any other exception counts as a passing failure.
        """

    def render(self, answer: Answer) -> List[Outgoing]:
        """Fits an answer into the channel; at least one message for an answer that is not empty."""
        from channels.render import render

        return render(answer, self.limits)

    async def received(self, message: Incoming, is_known_press: bool) -> None:
        """Called once for a new message, soon after it was stored: read receipt, answer to a press. Best effort."""
        return None

    async def working(self, message: Incoming) -> None:
        """Called when answering begins: a typing indicator. Best effort, at most some seconds."""
        return None

    async def reply_itself(self, message: Incoming, payload: str) -> Optional[Sequence[Outgoing]]:
        """Lets the connector answer without the assistant, for instance a press on "more rows".

        Args:
            message: what came in.
            payload: the text, or what the pressed button stands for.

        Returns:
            The messages, or None to ask the assistant.
        """
        return None

    async def started(self) -> None:
        """Called once when the server runs; checks the credentials.

        Raises:
            SendFailed: with `stops_channel` when they are refused.
        """
        return None

    async def stopped(self) -> None:
        """Called once when the server ends: closes connections."""
        return None
