"""The desk beside the two servers: started with them, started again when it ends, and never what stops them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from server import pair as pair_module
from server.pair import DESK, Pair
from shop.settings import Environment

DESK_THAT_ENDS = "import sys; open(sys.argv[1], 'a').write('started\\n')"
ACTIONS_THAT_END_AFTER_THREE = """
import sys, time
while len(open(sys.argv[1]).readlines()) < 3:
    time.sleep(0.02)
"""


def test_a_desk_that_ends_is_started_again_and_ends_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    started.write_text("")
    monkeypatch.setattr(pair_module, "DESK_PAUSE", 0.0)
    monkeypatch.setattr(pair_module, "RESTARTS", 0)
    monkeypatch.setattr(pair_module, "desk_command", lambda: [sys.executable, "-c", DESK_THAT_ENDS, str(started)])
    pair = Pair(Environment(), tmp_path)
    pair._spawn(DESK, pair_module.desk_command())
    pair._spawn("actions", [sys.executable, "-c", ACTIONS_THAT_END_AFTER_THREE, str(started)])
    try:
        assert pair.wait() == "actions"
    finally:
        pair.stop()
    assert len(started.read_text().splitlines()) >= 3
    assert all(process.poll() is not None for process in pair.processes.values())


def test_an_action_server_that_is_killed_is_started_again_and_given_up_when_it_keeps_ending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = tmp_path / "started"
    started.write_text("")
    monkeypatch.setattr(pair_module, "RESTART_PAUSES", (0.0,) * 5)
    monkeypatch.setattr(pair_module, "actions_command", lambda: [sys.executable, "-c", DESK_THAT_ENDS, str(started)])
    pair = Pair(Environment(), tmp_path)
    pair._spawn("actions", pair_module.actions_command())
    assert pair.wait() == "actions"
    assert len(started.read_text().splitlines()) == 6
