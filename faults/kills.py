"""Random kills under load: visitors of the web chat ask and send requests for advice while processes die, and every
accepted message, every turn and every case is counted."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Sequence, Tuple

import aiohttp

from faults.cases import cases_by_question
from faults.dialogue import MOST_TURNS, RECEIPT, answer_to, new_question
from faults.world import NotRunning, World
from performance.webchat import QUESTIONS, Visitor

ASKING, ADVISED = 9, 3  # visitors who ask questions, and who send one request for advice after the other
VICTIMS = ("rasa", "rasa", "rasa", "actions", "desk")  # the one that holds what was accepted dies most often
LONGEST_PEACE = 2.0  # seconds between being ready and the next kill
PAUSE = 0.3  # seconds of a visitor between an answer and the next line
LIMIT = 5.0  # seconds of waiting, while everything runs, after which a turn counts as silent

Outage = Tuple[float, float]


@dataclass
class Counted:
    """What visitors met.

    Attributes:
        kills: by process.
        accepted: messages that the chat took.
        refused: messages that the chat did not take within a minute.
        lost: of the accepted ones without an answer at the end.
        doubled: of the accepted ones with the same answer twice.
        silent: of the accepted ones with the first answer after more than `LIMIT` seconds in which every process ran.
        slowest: the longest of those waits in seconds.
        requests: requests for advice whose receipt was shown.
        cases_lost, cases_doubled: of them without a case, and with more than one.
        stuck: requests that could not be sent within `MOST_TURNS` more lines.
    """

    kills: Dict[str, int] = field(default_factory=dict)
    accepted: int = 0
    refused: int = 0
    lost: int = 0
    doubled: int = 0
    silent: int = 0
    slowest: float = 0.0
    requests: int = 0
    cases_lost: int = 0
    cases_doubled: int = 0
    stuck: int = 0

    @property
    def is_well(self) -> bool:
        """Whether nothing was lost, doubled or met with silence."""
        wrong = (self.refused, self.lost, self.doubled, self.silent, self.cases_lost, self.cases_doubled, self.stuck)
        return not any(wrong)

    def lines(self) -> Iterator[str]:
        """For people."""
        kills = ", ".join(f"{name} {count}" for name, count in sorted(self.kills.items()))
        yield f"kills {sum(self.kills.values())} ({kills})"
        yield f"messages {self.accepted}: lost {self.lost}, answered twice {self.doubled}, silent turns {self.silent}"
        yield f"messages that were not taken within a minute: {self.refused}"
        yield f"slowest first answer, counting only the time in which every process ran: {self.slowest:.1f} s"
        yield (
            f"requests for advice {self.requests}: without a case {self.cases_lost}, with more than one "
            f"{self.cases_doubled}, not sent {self.stuck}"
        )


@dataclass
class _Request:
    """A request for advice: its own question, and whether its receipt was shown."""

    question: str
    is_sent: bool = False


def run_kills(folder: Path, port: int, kills: int, seed: int) -> Counted:
    """Kills that many times under load; then all goes on until every visitor has an answer."""
    done = threading.Event()
    counted = Counted()
    people: List[Visitor] = []
    requests: List[_Request] = []
    outages: List[Outage] = []
    with World(folder / "kills", port) as world:
        talking = threading.Thread(target=lambda: asyncio.run(_talk(world.address, done, people, requests, counted)))
        talking.start()
        chance = random.Random(seed)  # noqa: S311 (which process dies is no secret)
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.0, LONGEST_PEACE))
                victim = chance.choice(VICTIMS)
                began = time.monotonic()
                _kill(world, victim)
                outages.append((began, time.monotonic()))
                counted.kills[victim] = counted.kills.get(victim, 0) + 1
        except KeyboardInterrupt:  # what was seen until then counts
            pass
        finally:
            done.set()
            talking.join()
        cases = cases_by_question(world, [request.question for request in requests])
    _count_turns(counted, people, outages)
    _count_cases(counted, requests, cases)
    return counted


def _kill(world: World, victim: str) -> None:
    try:
        world.kill(victim)
        time.sleep(0.05)
        world.wait_until_ready()
    except (NotRunning, ProcessLookupError):  # `make run` gave up on a process that kept dying
        if not world.is_running:
            world.start()


def waited(said: float, heard: float, outages: Sequence[Outage]) -> float:
    """Seconds between two moments, without those in which a process was away."""
    return heard - said - sum(max(0.0, min(heard, end) - max(said, start)) for start, end in outages)


def _count_turns(counted: Counted, people: Sequence[Visitor], outages: Sequence[Outage]) -> None:
    for person in people:
        counted.accepted += len(person.accepted)
        counted.lost += len(person.unanswered())
        waits = [waited(person.said[number], heard, outages) for number, heard in person.heard.items()]
        counted.silent += sum(wait > LIMIT for wait in waits)
        counted.slowest = max([counted.slowest, *waits])


def _count_cases(counted: Counted, requests: Sequence[_Request], cases: Dict[str, int]) -> None:
    counted.requests = sum(request.is_sent for request in requests)
    counted.stuck = len(requests) - counted.requests
    counted.cases_lost = sum(request.is_sent and not cases[request.question] for request in requests)
    counted.cases_doubled = sum(count > 1 for count in cases.values())


async def _talk(
    address: str, done: threading.Event, people: List[Visitor], requests: List[_Request], counted: Counted
) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def arrives() -> Visitor:
            while True:
                person = Visitor(address, http)
                try:
                    await person.begin()
                except TimeoutError:
                    continue
                people.append(person)
                return person

        async def says(person: Visitor, line: str) -> str:
            try:
                number = await person.say(line)
            except TimeoutError:
                counted.refused += 1
                return ""
            await person.read()
            await asyncio.sleep(PAUSE)
            return "\n".join(person.replies.get(number, []))

        async def asks(number: int) -> None:
            person = await arrives()
            while not done.is_set():
                number += 1
                await says(person, QUESTIONS[number % len(QUESTIONS)])

        async def is_advised() -> None:
            while not done.is_set():
                person = await arrives()
                requests.append(_Request(new_question()))
                await send_request(person, requests[-1])

        async def send_request(person: Visitor, request: _Request) -> None:
            """Fills in the form until the receipt is shown; what failed is said again."""
            line, left = "persoonlijk advies", MOST_TURNS
            while left and not request.is_sent:
                reply = await says(person, line.format(question=request.question))
                request.is_sent = any(words in reply for words in RECEIPT)
                line = answer_to(reply) or line
                left -= done.is_set()  # as often as it takes while processes die

        await asyncio.gather(*map(asks, range(ASKING)), *(is_advised() for _ in range(ADVISED)))
        counted.doubled = sum(len(found) for found in await asyncio.gather(*(one.doubled() for one in people)))
