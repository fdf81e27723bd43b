"""Customers on each channel: they say a line, hear what comes, and say it again when it was not taken."""

from __future__ import annotations

import http.client
import itertools
import json
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple

from faults.world import World, until
from tests.channels.fakes import graph

CALL_SECONDS = 12.0
AGAIN_AFTER = 0.5
LISTEN_EVERY = 0.3  # seconds between two looks at the web chat's history
_BROKEN = (urllib.error.URLError, OSError, http.client.HTTPException)


@dataclass
class Turn:
    """A line and what became of it.

    Attributes:
        text: what was said.
        said: when, by `time.monotonic`.
        accepted: whether the channel took it; then it must be answered.
        heard: (when, text) of everything that came back, refusals included.
    """

    text: str
    said: float
    accepted: bool = False
    heard: List[Tuple[float, str]] = field(default_factory=list)

    @property
    def reply(self) -> str:
        """All that came back."""
        return "\n".join(text for _, text in self.heard)


class Talker:
    """One customer. `say` hands over a line; `listen` notes what came back since."""

    channel = ""
    has_form = True

    def __init__(self, world: World) -> None:
        """Args: world: where the assistant runs."""
        self.world = world
        self.turns: List[Turn] = []

    def say(self, text: str, seconds: float = 0.0) -> Turn:
        """Says a line, again and again until it is accepted or the time is over; waits for no answer."""
        turn = Turn(text, time.monotonic())
        self.turns.append(turn)
        self.send(turn)
        deadline = turn.said + seconds
        while not turn.accepted and time.monotonic() < deadline:
            time.sleep(AGAIN_AFTER)
            self.send(turn)
        return turn

    def ask(self, text: str, seconds: float = 30.0) -> Turn:
        """Says a line and waits for an answer; no answer in time shows in `Turn.heard`."""
        turn = self.say(text, seconds)
        self.hear(turn, seconds)
        return turn

    def hear(self, turn: Turn, seconds: float) -> bool:
        """Waits until something came back for the newest line; whether it did."""
        return until(lambda: self.heard(turn), seconds)

    def settle(self, seconds: float = 0.5) -> None:
        """Hears all parts of the newest answer: waits until nothing new came for some time."""
        turn = self.turns[-1]
        known = len(self.heard(turn))
        while until(lambda: len(self.heard(turn)) > known, seconds):  # noqa: B023 (called at once)
            known = len(turn.heard)

    def heard(self, turn: Turn) -> List[Tuple[float, str]]:
        """What came back for a line until now."""
        self.listen()
        return turn.heard

    def send(self, turn: Turn) -> None:
        """Tries once to hand a line over; the same line again is the same message."""
        raise NotImplementedError

    def listen(self) -> None:
        """Notes what came back, by line as far as the channel tells, else with the newest line."""

    def doubled(self) -> List[str]:
        """Lines that got the same answer more than once, each with that answer."""
        return [f"{turn.text}: {text}" for turn in self.turns for text in _twice(turn)]


def call(method: str, address: str, body: Any = None, **headers: str) -> Tuple[int, Any]:
    """One request: (status, JSON); status 0 when there was no answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": "application/json", **headers}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        try:
            return error.code, json.load(error)
        except (ValueError, *_BROKEN):
            return error.code, None
    except (ValueError, *_BROKEN):
        return 0, None


class WebTalker(Talker):
    """A visitor of the web chat, as the widget is: an id per message, sent until it is taken."""

    channel = "web"

    def __init__(self, world: World) -> None:
        """Opens no session yet."""
        super().__init__(world)
        self._ids: Dict[int, str] = {}
        self._numbers: Dict[int, Turn] = {}
        self._token = ""
        self._listened = 0.0
        self._events: Dict[int, Any] = {}

    def _call(self, method: str, path: str, body: Any = None) -> Tuple[int, Any]:
        headers = {"Origin": self.world.address}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return call(method, f"{self.world.address}/webhooks/web{path}", body, **headers)

    def send(self, turn: Turn) -> None:
        """Posts the message; opens a session first."""
        if not self._token:
            status, answer = self._call("POST", "/session")
            if status != 201:
                self._refused(turn, answer)
                return
            self._token = answer["token"]
        name = self._ids.setdefault(id(turn), uuid.uuid4().hex)
        status, answer = self._call("POST", "/messages", {"id": name, "text": turn.text})
        if status == 202:
            turn.accepted = True
            self._numbers[answer["n"]] = turn
        else:
            self._refused(turn, answer)

    @staticmethod
    def _refused(turn: Turn, answer: Any) -> None:
        if isinstance(answer, dict) and answer.get("text") and not turn.heard:
            turn.heard.append((time.monotonic(), str(answer["text"])))

    def listen(self) -> None:
        """Reads the history, which knows what answers what."""
        if not self._token or time.monotonic() - self._listened < LISTEN_EVERY:
            return
        self._listened = time.monotonic()
        status, answer = self._call("GET", "/history")
        if status != 200:
            return
        now = time.monotonic()
        for event in answer["events"]:
            number = event["n"]
            if number in self._events or event.get("reply_to") is None:
                continue
            self._events[number] = event
            turn = self._numbers.get(event["reply_to"])
            if turn is not None:
                turn.heard.append((now, str(event.get("text") or "")))

    def doubled(self) -> List[str]:
        """See `Talker.doubled`; replies to one line, wherever they stand in the history."""
        seen = Counter(
            (event["reply_to"], event.get("text"), str(event.get("image"))) for event in self._events.values()
        )
        twice = [key for key, count in seen.items() if count > 1 and key[0] in self._numbers]
        return [f"{self._numbers[number].text}: {text}" for number, text, _ in twice]


class RestTalker(Talker):
    """Another client of the assistant: one request per message, with the answer in it."""

    channel = "rest"

    def __init__(self, world: World) -> None:
        """A new sender."""
        super().__init__(world)
        self._sender = uuid.uuid4().hex

    def send(self, turn: Turn) -> None:
        """Posts the message; a request that breaks off was not accepted."""
        body = {"sender": self._sender, "message": turn.text}
        status, answer = call("POST", f"{self.world.address}/webhooks/rest/webhook", body)
        now = time.monotonic()
        if status == 200:
            turn.accepted = True
            turn.heard += [(now, str(message.get("text") or "")) for message in answer]
        elif isinstance(answer, dict) and answer.get("text"):
            turn.heard.append((now, str(answer["text"])))


class AppTalker(Talker):
    """A customer on a chat app: what newly arrived answers the newest line."""

    def __init__(self, world: World) -> None:
        """Args: world: where the assistant runs."""
        super().__init__(world)
        self._heard = 0

    def received(self) -> List[str]:
        """All texts on the customer's screen."""
        raise NotImplementedError

    def listen(self) -> None:
        """What newly arrived answers the newest line."""
        received = self.received()
        now = time.monotonic()
        self.turns[-1].heard += [(now, text) for text in received[self._heard :]]
        self._heard = len(received)


class TelegramTalker(AppTalker):
    """A customer on Telegram, whose service keeps a message until it is taken."""

    channel = "telegram"
    _next = itertools.count(7_000_001)

    def __init__(self, world: World) -> None:
        """A new chat."""
        super().__init__(world)
        self._customer = world.telegram.customer(next(self._next))

    def send(self, turn: Turn) -> None:
        """Gives it to Telegram, which always takes it."""
        turn.accepted = True
        self._customer.says(turn.text)

    def received(self) -> List[str]:
        """All texts."""
        return [sent.text for sent in self._customer.received()]


class CalledTalker(AppTalker):
    """A customer on an app whose service calls again until the call is acknowledged."""

    has_form = False  # nobody is asked about complaints there: the customer gets the address of the web chat
    _next = itertools.count(31_600_000_001)

    def __init__(self, world: World) -> None:
        """A new number."""
        super().__init__(world)
        self.phone = str(next(self._next))
        self._bodies: Dict[int, Any] = {}

    def send(self, turn: Turn) -> None:
        """Calls the webhook, with the same body when it was not acknowledged."""
        if id(turn) not in self._bodies:
            self._bodies[id(turn)] = self.written(turn.text)
        try:
            turn.accepted = self.deliver(self._bodies[id(turn)]) == 200
        except _BROKEN:
            turn.accepted = False

    def written(self, text: str) -> Any:
        """What the service calls with."""
        raise NotImplementedError

    def deliver(self, body: Any) -> int:
        """Calls once; gives the status."""
        raise NotImplementedError


class WhatsAppTalker(CalledTalker):
    """A customer on WhatsApp."""

    channel = "whatsapp"

    def __init__(self, world: World) -> None:
        """A new number."""
        super().__init__(world)
        self._customer: graph.Customer = world.graph.customer(phone=self.phone)

    def written(self, text: str) -> Any:
        """A delivery as Meta writes it."""
        return self._customer.text(text)

    def deliver(self, body: Any) -> int:
        """Signed as Meta does."""
        return self.world.graph.deliver(body)

    def received(self) -> List[str]:
        """All texts."""
        return [sent.text for sent in self._customer.received()]


class TwilioTalker(CalledTalker):
    """A customer on WhatsApp through Twilio, told to call again (`#rc=5&rp=all` behind the webhook's address)."""

    channel = "twilio"

    def written(self, text: str) -> Any:
        """A form as Twilio writes it."""
        return self.world.twilio.message(f"+{self.phone}", text)

    def deliver(self, body: Any) -> int:
        """Signed as Twilio does."""
        return self.world.twilio.deliver(body)

    def received(self) -> List[str]:
        """All texts."""
        return [fields.get("Body", "") for fields in self.world.twilio.received(f"+{self.phone}")]


def _twice(turn: Turn) -> List[str]:
    """Texts that came more than once."""
    return [text for text, count in Counter(text for _, text in turn.heard if text).items() if count > 1]


TALKERS = {kind.channel: kind for kind in (WebTalker, RestTalker, TelegramTalker, WhatsAppTalker, TwilioTalker)}
