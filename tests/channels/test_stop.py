"""SIGTERM while a message is in hand, on a running server: that is answered, the rest waits, nothing new is taken."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from channels.event_log import EventLog
from tests.channels.test_web import Client
from tests.services import free_port
from tests.widget.conftest import Server

STOPS_WITHIN = 20.0  # seconds; then `make run` kills it


def test_a_stop_finishes_the_message_in_hand_and_keeps_what_waits(tmp_path: Path) -> None:
    server = Server(tmp_path, free_port(), "self,https://www.winkel.nl")
    server.start()
    client = Client(server).begin()
    assert client.send("poort deur")[0] == 202
    assert client.send("daarna")[0] == 202
    reached = tmp_path / "deur.bereikt"
    deadline = time.monotonic() + 60
    while not reached.exists():
        assert time.monotonic() < deadline
    assert server._process
    server._process.send_signal(signal.SIGTERM)
    status, refusal = 202, {}
    number = 0
    while status == 202:  # until the signal has arrived; what is taken before must be answered as well
        status, refusal = client.send(f"nog {number}")
        number += 1
    assert (status, refusal["error"]) == (503, "unavailable")
    began = time.monotonic()
    (tmp_path / "deur").touch()
    assert server._process.wait(STOPS_WITHIN) == 0
    assert time.monotonic() - began < STOPS_WITHIN
    log = EventLog(server.variables["SCHAKEL_WEB_DATABASE"])
    (waiting,) = log.sessions_with_questions()
    in_between, _ = log.events(waiting, 0)
    log.close()
    assert [event["text"] for event in in_between if event["kind"] == "bot"] == ["Antwoord op: poort deur"]

    server.start()
    try:
        accepted = ["poort deur", "daarna", *(f"nog {earlier}" for earlier in range(number - 1))]
        events = client.events(2 * len(accepted))
        assert [event["text"] for event in events if event["kind"] == "user"] == accepted
        answers = [(event["reply_to"], event["text"]) for event in events if event["kind"] == "bot"]
        asked = {event["n"]: event["text"] for event in events if event["kind"] == "user"}
        assert answers == [(n, f"Antwoord op: {text}") for n, text in asked.items()]
    finally:
        server.stop()
