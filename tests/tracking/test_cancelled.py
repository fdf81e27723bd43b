"""A save that nobody waits for any more (the customer's deadline passed) must not stop the saves after it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tracking.store import _Writer, open_engine


def test_a_cancelled_save_leaves_the_next_ones_working(tmp_path: Path) -> None:
    writer = _Writer(open_engine(f"sqlite:///{tmp_path / 'c.db'}"))
    reached, go_on = threading.Event(), threading.Event()

    def slow(connection: Any) -> str:
        reached.set()
        go_on.wait(10)
        return "slow"

    first = writer.submit(slow)
    assert reached.wait(10)
    waiting = writer.submit(lambda connection: "never")
    assert waiting.cancel()
    assert not first.cancel()  # under way: it is written
    go_on.set()
    assert writer.submit(lambda connection: "next").result(10) == "next"
    assert first.result(10) == "slow"
    writer.close()
