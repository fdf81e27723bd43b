"""Runs desk code in processes of its own that are killed with SIGKILL: at a chosen step, or at a random moment.

A fork server that has everything imported makes a process in some 10 milliseconds.
"""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import random
import signal
import threading
from multiprocessing.connection import Connection
from typing import Any, Callable, List, Optional, Tuple

import sqlalchemy as sa

from desk.cases import open_case
from desk.database import Database, open_database
from desk.worker import Worker
from shop.settings import Environment, Shop
from tests.desk.conftest import a_request

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.desk.killing"])


def run(work: Callable[..., None], *arguments: Any, after: Optional[float] = None) -> Tuple[List[Any], bool]:
    """Runs `work(pipe, *arguments)` in a process.

    Args:
        work: a function of this module; sends what it finished over the pipe.
        arguments: for it.
        after: kill it so many seconds after it said that it has begun; None: it kills itself, or ends.

    Returns:
        What it sent, and whether it was killed.
    """
    ours, theirs = _context.Pipe(duplex=False)
    process = _context.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    sent: List[Any] = []
    timer: Optional[threading.Timer] = None
    try:
        while True:
            item = ours.recv()
            if item == "begun":
                if after is not None:
                    timer = threading.Timer(after, process.kill)
                    timer.start()
                continue
            sent.append(item)
    except EOFError:
        process.join(60)
    finally:
        if timer is not None:
            timer.cancel()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return sent, process.exitcode != 0


def die_at(database: Database, step: Optional[int]) -> None:
    """From here on counts statements and commits, before and after each, and dies at the given one."""
    if step is None:
        return
    count = 0

    def tick(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == step:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(database.engine, "before_cursor_execute", tick)
    sa.event.listen(database.engine, "after_cursor_execute", tick)
    sa.event.listen(database.engine, "commit", tick)
    sa.event.listen(database.engine, "checkin", tick)


def open_all(
    pipe: Connection, address: str, keys: List[str], shop: Shop, now: dt.datetime, step: Optional[int]
) -> None:
    """Opens a case for each key and reports each receipt, as the action server would."""
    database = open_database(address, wait=60)
    die_at(database, step)
    pipe.send("begun")
    for key in keys:
        receipt = open_case(database, a_request(key, question=f"vraag {key}"), shop, now)
        pipe.send((key, receipt.reference))
    database.close()


def deliver_all(
    pipe: Connection, address: str, environment: Environment, shop: Shop, now: dt.datetime, step: Optional[int]
) -> None:
    """Delivers all mail that is due, as the desk would."""
    database = open_database(address, wait=60)
    die_at(database, step)
    worker = Worker(database, environment, lambda: shop, lambda: now)
    pipe.send("begun")
    while worker.deliver_one():
        pass
    database.close()


def moments(seed: int, number: int, longest: float) -> List[float]:
    """Random moments to kill at, the same for the same seed."""
    chance = random.Random(seed)
    return [chance.uniform(0, longest) for _ in range(number)]
