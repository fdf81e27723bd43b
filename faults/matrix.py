"""One fault, met by customers on every channel at every point at the same moment; and the table of all."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Callable, Dict, Iterator, List, Sequence, Type

from faults.cases import cases_by_question
from faults.dialogue import POINTS, Conversation, CryForHelp, points_of
from faults.kinds import Fault
from faults.talkers import TALKERS, AppTalker, Talker
from faults.world import World

LIMIT = 5.0  # seconds until a customer must hear something
KINDS = ("lost", "doubled", "silent", "stuck", "not there", "cases", "safety")


@dataclass
class Row:
    """What one fault did.

    Attributes:
        fault: its name.
        waits: slowest first reply in seconds, by point.
        problems: (kind, where, what).
        safety: slowest safety reply in seconds.
        said: lines that were said.
    """

    fault: str
    waits: Dict[str, float] = field(default_factory=dict)
    problems: List["tuple[str, str, str]"] = field(default_factory=list)
    safety: float = 0.0
    said: int = 0

    def count(self, kind: str) -> int:
        """How many problems of a kind."""
        return sum(1 for found, _, _ in self.problems if found == kind)


def meet(world: World, fault: Fault, channels: Sequence[str], limit: float = LIMIT) -> Row:
    """Brings everybody to their points, breaks the part, mends it, and looks what became of everybody."""
    row = Row(fault.name)
    kinds: List[Type[Talker]] = [TALKERS[name] for name in channels]
    everybody = [Conversation(kind(world), point) for kind in kinds for point in points_of(kind)]
    in_need = [CryForHelp(kind(world)) for kind in kinds]
    with ThreadPoolExecutor(len(everybody) + len(in_need)) as threads:

        def all_do(work: Callable[[Conversation], None], among: Sequence[Conversation] = everybody) -> None:
            list(threads.map(work, among))

        all_do(Conversation.arrive)
        with contextlib.ExitStack() as broken:
            broken.enter_context(fault.breaks(world))
            began = time.monotonic()
            cries = [threads.submit(person.cry, limit + 1.0) for person in in_need]
            all_do(lambda one: one.break_in(limit + 1.0 if fault.held > 1 else fault.held))
            if fault.held > 1:
                for cry in cries:
                    cry.result()
            time.sleep(max(0.0, fault.held - (time.monotonic() - began)))
        healed = time.monotonic()

        def waits(talker: Talker) -> bool:
            from_healing = fault.counts_from_healing
            return from_healing or (fault.chat_apps_wait and isinstance(talker, AppTalker))

        for cry in cries:
            cry.result()
        listening = [threads.submit(person.keep_listening) for person in in_need]
        all_do(lambda one: one.go_on(healed, waits(one.talker), limit))
        for one_hears in listening:
            one_hears.result()
        time.sleep(1.0)  # what would come twice
        all_do(Conversation.finish)
    for one in everybody:
        row.said += len(one.talker.turns)
        row.problems += [(kind, one.name, what) for kind, what in one.problems.items()]
        row.waits[one.point.name] = max(row.waits.get(one.point.name, 0.0), one.waited if one.waited else 0.0)
    for person in in_need:
        row.said += 1
        is_well, waited = person.result(healed if waits(person.talker) else 0.0, limit)
        row.safety = max(row.safety, waited)
        if not is_well:
            heard = person.turn.reply if person.turn else ""
            row.problems.append(("safety", person.talker.channel, f"after {waited:.1f} s: {heard[:80]!r}"))
    row.problems += _wrong_cases(world, everybody)
    return row


def _wrong_cases(world: World, everybody: Sequence[Conversation]) -> Iterator["tuple[str, str, str]"]:
    """Every submitted form is exactly one case."""
    sending = [one for one in everybody if one.point.sends and "not there" not in one.problems]
    cases = cases_by_question(world, [one.question for one in sending])
    for one in sending:
        if cases[one.question] != 1:
            yield "cases", one.name, f"{cases[one.question]} cases"


def table(rows: Sequence[Row]) -> Iterator[str]:
    """Lines: fault x point with the slowest reply in seconds, and what went wrong; then the totals."""
    names = [point.name for point in POINTS]
    yield f"{'fault':<24}" + "".join(f"{name:>14}" for name in (*names, "safety")) + "  wrong"
    for row in rows:
        cells = "".join(f"{row.waits[name]:>13.1f}s" if name in row.waits else f"{'-':>14}" for name in names)
        wrong = ", ".join(f"{row.count(kind)} {kind}" for kind in KINDS if row.count(kind)) or "-"
        yield f"{row.fault:<24}{cells}{row.safety:>13.1f}s  {wrong}"
    slowest = max((max([*row.waits.values(), row.safety]) for row in rows), default=0.0)
    totals = ", ".join(f"{kind} {sum(row.count(kind) for row in rows)}" for kind in KINDS)
    yield f"lines said {sum(row.said for row in rows)}; {totals}; slowest reply {slowest:.1f} s"
    for row in rows:
        for kind, where, what in row.problems:
            yield f"  {row.fault}: {kind}: {where}: {what}"
