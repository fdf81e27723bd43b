"""The process is killed in the middle of a hundred conversations: nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.channels.fakes.telegram import TOKEN, BotServer, Customer
from tests.channels.light_server import LightServer
from tests.channels.telegram.conftest import SECRET

CONVERSATIONS, MESSAGES = 100, 3
KILLS = 3 if os.environ.get("FULL") else 1


@pytest.mark.figures
def test_nothing_accepted_is_lost(tmp_path: Path) -> None:
    chance = random.Random(9)
    with BotServer(secret=SECRET) as telegram:
        server = LightServer(
            tmp_path,
            SCHAKEL_TELEGRAM_TOKEN=TOKEN,
            SCHAKEL_TELEGRAM_SECRET=SECRET,
            SCHAKEL_TELEGRAM_API=telegram.address,
            SCHAKEL_TELEGRAM_UPDATES="webhook",
        )
        telegram.webhook = f"{server.address}/webhooks/telegram/webhook"
        customers = [telegram.customer(9_000 + number) for number in range(CONVERSATIONS)]
        turns = [(customer, f"vraag {turn}") for turn in range(MESSAGES) for customer in customers]
        accepted = 0
        kill_after = sorted(chance.sample(range(20, len(turns) - 20), KILLS))
        server.start()
        timer = threading.Timer(0, lambda: None)
        for number, (customer, text) in enumerate(turns):
            if number in kill_after:
                # At a moment that nobody chose: while other messages are being taken in, answered and delivered.
                timer = threading.Timer(chance.uniform(0.0, 0.2), server.kill)
                timer.start()
            update = customer.text(text)
            while not is_acknowledged(telegram, update):  # Telegram repeats what is not acknowledged
                timer.join()
                server.start()
            accepted += 1
        server.kill()  # and once more with everything accepted
        server.start()
        telegram.wait_for(lambda _: all(len(answers(customer)) == MESSAGES for customer in customers), 120)
        server.stop()
        assert accepted == CONVERSATIONS * MESSAGES
        for customer in customers:
            assert answers(customer) == [f"Antwoord op: vraag {turn}" for turn in range(MESSAGES)]
        repeats = Counter((sent.chat, sent.text) for sent in telegram.sent)
        # A message that was out when the process died is sent again, for nobody knows whether it arrived.
        twice = sum(count - 1 for count in repeats.values())
        print(f"telegram: {accepted} acknowledged and answered, {twice} delivered twice, {KILLS + 1} kills")
        assert twice <= 16 * (KILLS + 1)


def answers(customer: Customer) -> List[str]:
    """What a customer was told, without repeats, in the order of first arrival."""
    return list(dict.fromkeys(sent.text for sent in customer.received()))


def is_acknowledged(telegram: BotServer, update: Dict[str, Any]) -> bool:
    try:
        return telegram.deliver(update) == 200
    except OSError:  # nobody listens, or the connection broke half-way
        return False
