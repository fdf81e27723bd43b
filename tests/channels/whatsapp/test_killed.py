"""kill -9 during a hundred conversations on WhatsApp: what was acknowledged is answered, in order."""

from __future__ import annotations

import os
import threading
import urllib.error
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, List

import pytest

from tests.channels.fakes.graph import GraphApi
from tests.channels.light_server import LightServer
from tests.channels.whatsapp.conftest import VERIFY

CONVERSATIONS, EACH = 100, 3
KILLS = 3 if os.environ.get("FULL") else 1


@pytest.mark.figures
def test_nothing_that_was_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    with GraphApi() as api:
        server = LightServer(
            tmp_path,
            SCHAKEL_WHATSAPP_TOKEN=api.token,
            SCHAKEL_WHATSAPP_NUMBER_ID=api.phone_number_id,
            SCHAKEL_WHATSAPP_APP_SECRET=api.app_secret,
            SCHAKEL_WHATSAPP_VERIFY_TOKEN=VERIFY,
            SCHAKEL_WHATSAPP_API=api.address,
        )
        server.start()
        api.webhook = server.address + "/webhooks/whatsapp/webhook"
        up = threading.Event()
        up.set()
        done = threading.Semaphore(0)

        def converse(number: int) -> None:
            customer = api.customer(user=f"NL.{number}", phone=f"316{number:08d}")
            for turn in range(EACH):
                body = customer.text(f"vraag {turn}", at=api.clock() - 60 + turn)
                while not accepted(api, body, up):  # as Meta does: again until it is acknowledged
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
        expected = [f"Antwoord op: vraag {turn}" for turn in range(EACH)]
        api.wait_for(lambda api: all(complete(api, number, expected) for number in range(CONVERSATIONS)), timeout=120)
        server.stop()
        answers: List[int] = []
        for number in range(CONVERSATIONS):
            texts = [sent.text for sent in api.sent_to(f"NL.{number}")]
            assert list(dict.fromkeys(texts)) == expected  # each, and each first in its turn
            answers += Counter(texts).values()
        twice = sum(count - 1 for count in answers)
        print(f"whatsapp: {len(answers)} acknowledged and answered, {twice} delivered twice, {KILLS} kills")
        assert twice <= KILLS * 16  # at most what was on its way to Meta at the moment of a kill


def complete(api: GraphApi, number: int, expected: List[str]) -> bool:
    return {sent.text for sent in api.sent_to(f"NL.{number}")} == set(expected)


def accepted(api: GraphApi, body: Dict[str, Any], up: threading.Event) -> bool:
    try:
        return api.deliver(body) == 200
    except (urllib.error.URLError, OSError):
        return False
