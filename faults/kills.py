"""Random kills under load: visitors of the web chat talk, processes die, and every accepted message is counted."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from pathlib import Path
from typing import Dict, List

import aiohttp

from faults.world import NotRunning, World
from performance.webchat import QUESTIONS, Visitor

VISITORS = 12
VICTIMS = ("rasa", "rasa", "rasa", "actions", "desk")  # the one that holds what was accepted dies most often
LONGEST_PEACE = 2.0  # seconds between being ready and the next kill
PAUSE = 0.3  # seconds of a visitor between an answer and the next line


def run_kills(folder: Path, port: int, kills: int, seed: int) -> Dict[str, int]:
    """Kills that many times.

    Returns:
        How many kills there were, how many messages were accepted, never answered, and answered twice.
    """
    done = threading.Event()
    counted: Dict[str, int] = {}
    with World(folder / "kills", port) as world:
        talking = threading.Thread(target=lambda: counted.update(asyncio.run(_talk(world.address, done))))
        talking.start()
        chance = random.Random(seed)  # noqa: S311 (which process dies is no secret)
        try:
            for number in range(kills):
                time.sleep(chance.uniform(0.0, LONGEST_PEACE))
                _kill_one(world, chance)
                counted["kills"] = number + 1
        finally:
            done.set()
            talking.join()
    return counted


def _kill_one(world: World, chance: random.Random) -> None:
    try:
        world.kill(chance.choice(VICTIMS))
        time.sleep(0.05)
        world.wait_until_ready()
    except (NotRunning, ProcessLookupError):  # `make run` gave up on a process that kept dying
        if not world.is_running:
            world.start()


async def _talk(address: str, done: threading.Event) -> Dict[str, int]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        people = [Visitor(address, http) for _ in range(VISITORS)]
        await asyncio.gather(*(_one(person, index, done) for index, person in enumerate(people)))
        doubled: List[List[int]] = list(await asyncio.gather(*(person.doubled() for person in people)))
    return {
        "accepted": sum(len(person.accepted) for person in people),
        "lost": sum(len(person.unanswered()) for person in people),
        "doubled": sum(len(found) for found in doubled),
    }


async def _one(person: Visitor, index: int, done: threading.Event) -> None:
    await person.begin()
    number = index
    while not done.is_set():
        number += 1
        await person.say(QUESTIONS[number % len(QUESTIONS)])
        await person.read()
        await asyncio.sleep(PAUSE)
