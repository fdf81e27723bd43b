"""kill -9 during a hundred conversations on WhatsApp: what was acknowledged is answered, in order, and once.

Meta and Twilio report what became of each message, so that one that was on its way at the moment of the kill is not
sent again. Telegram reports nothing: `telegram/test_crash.py`.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List

import pytest

from tests.channels.fakes.graph import GraphApi
from tests.channels.fakes.twilio import TwilioApi
from tests.channels.light_server import LightServer
from tests.channels.twilio.conftest import OUTSIDE
from tests.channels.whatsapp.conftest import VERIFY

CONVERSATIONS, EACH = 100, 3
KILLS = 3 if os.environ.get("FULL") else 1
EXPECTED = [f"Antwoord op: vraag {turn}" for turn in range(EACH)]


@dataclass
class Provider:
    """A stand-in as this test needs it.

    Attributes:
        api: the stand-in.
        settings: of the assistant.
        message: what a customer's message is, by the customer's number and the turn.
        received: texts that a customer got, by number.
    """

    api: Any
    settings: Dict[str, str]
    message: Callable[[int, int], Any]
    received: Callable[[int], List[str]]


@contextmanager
def meta() -> Iterator[Provider]:
    with GraphApi(reports=True) as api:
        settings = {
            "SCHAKEL_WHATSAPP_TOKEN": api.token,
            "SCHAKEL_WHATSAPP_NUMBER_ID": api.phone_number_id,
            "SCHAKEL_WHATSAPP_APP_SECRET": api.app_secret,
            "SCHAKEL_WHATSAPP_VERIFY_TOKEN": VERIFY,
            "SCHAKEL_WHATSAPP_API": api.address,
        }
        people = [api.customer(user=f"NL.{number}", phone=f"316{number:08d}") for number in range(CONVERSATIONS)]
        began = api.clock() - 60
        yield Provider(
            api,
            settings,
            lambda number, turn: people[number].text(f"vraag {turn}", at=began + turn),
            lambda number: [sent.text for sent in people[number].received()],
        )


@contextmanager
def twilio() -> Iterator[Provider]:
    with TwilioApi(reports=True, public_webhook=OUTSIDE + "/webhooks/twilio/webhook") as api:
        settings = {
            "SCHAKEL_PUBLIC_ADDRESS": OUTSIDE,
            "SCHAKEL_TWILIO_ACCOUNT": api.account,
            "SCHAKEL_TWILIO_TOKEN": api.auth_token,
            "SCHAKEL_TWILIO_NUMBER": api.sender,
            "SCHAKEL_TWILIO_API": api.address,
        }
        people = [f"+316{number:08d}" for number in range(CONVERSATIONS)]
        yield Provider(
            api,
            settings,
            lambda number, turn: api.message(people[number], f"vraag {turn}"),
            lambda number: [fields["Body"] for fields in api.received(people[number])],
        )


@pytest.mark.figures
@pytest.mark.parametrize(("name", "opened"), [("whatsapp", meta), ("twilio", twilio)], ids=["whatsapp", "twilio"])
def test_nothing_that_was_acknowledged_is_lost_or_said_twice_when_the_process_is_killed(
    name: str, opened: Callable[[], Any], tmp_path: Path
) -> None:
    with opened() as provider:
        server = LightServer(tmp_path, **provider.settings)
        server.start()
        provider.api.webhook = f"{server.address}/webhooks/{name}/webhook"
        up, done = threading.Event(), threading.Semaphore(0)
        up.set()

        def converse(number: int) -> None:
            for turn in range(EACH):
                message = provider.message(number, turn)
                while not is_acknowledged(provider.api, message):  # the provider repeats what is not acknowledged
                    up.wait(30)
                done.release()

        with ThreadPoolExecutor(16) as pool:
            talks = [pool.submit(converse, number) for number in range(CONVERSATIONS)]
            for _ in range(KILLS):
                for _ in range(CONVERSATIONS * EACH // (KILLS + 1)):
                    done.acquire()
                up.clear()
                server.kill()
                server.start()
                up.set()
            for talk in talks:
                talk.result()
        everybody = range(CONVERSATIONS)
        provider.api.wait_for(lambda _: all(set(provider.received(n)) >= set(EXPECTED) for n in everybody), 120)
        server.stop()
        for number in everybody:
            assert list(dict.fromkeys(provider.received(number))) == EXPECTED  # each, and each first in its turn
        twice = sum(sum(Counter(provider.received(number)).values()) - EACH for number in everybody)
        print(f"{name}: {CONVERSATIONS * EACH} acknowledged and answered, {twice} delivered twice, {KILLS} kills")
        assert twice == 0


def is_acknowledged(api: Any, message: Any) -> bool:
    try:
        return bool(api.deliver(message) == 200)
    except OSError:  # nobody listens, or the connection broke half-way
        return False
