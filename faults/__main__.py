"""`python -m faults`: breaks parts under the running assistant and prints what customers met."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from pathlib import Path
from typing import List, Sequence

from faults.clock import has_compiler
from faults.kinds import FAULTS, Fault
from faults.matrix import LIMIT, Row, meet, table
from faults.talkers import TALKERS
from faults.world import NotRunning, World

PORT = 6700


def run(faults: Sequence[Fault], channels: Sequence[str], folder: Path, port: int, limit: float = LIMIT) -> List[Row]:
    """Meets all faults, one world after the other; `limit` is what a customer waits at most, in seconds.

    Raises:
        NotRunning: the assistant did not start, or did not come back.
    """
    rows: List[Row] = []
    for name, is_postgres, has_clock in (("postgres", True, False), ("sqlite", False, False), ("clock", False, True)):
        here = [fault for fault in faults if (fault.postgres, fault.needs_clock) == (is_postgres, has_clock)]
        if here and has_clock and not has_compiler():
            print("The clock's faults are left out, there is no C compiler (Debian's package gcc).")
            continue
        if not here:
            continue
        with World(folder / name, port, is_postgres, has_clock) as world:
            for fault in here:
                rows.append(meet(world, fault, channels, limit))
                print("\n".join(list(table(rows[-1:]))[1:]), flush=True)
    return rows


def main() -> int:
    """Runs what is asked; exit code 1 when something went wrong for a customer."""
    names = [fault.name for fault in FAULTS]
    parser = argparse.ArgumentParser(prog="python -m faults", description="Fault tests of the running assistant.")
    parser.add_argument("--quick", action="store_true", help="three faults on the web chat and REST")
    parser.add_argument("--faults", help=f"with commas between; all are: {', '.join(names)}")
    parser.add_argument("--channels", default=",".join(TALKERS), help="with commas between")
    parser.add_argument("--kills", type=int, default=0, help="instead: this many random kills under load")
    parser.add_argument("--seed", type=int, default=9, help="of the random kills")
    parser.add_argument("--port", type=int, default=PORT, help="first of ten free ports")
    parser.add_argument("--folder", type=Path, help="where databases and output stay; a temporary one when left out")
    arguments = parser.parse_args()
    wanted = arguments.faults.split(",") if arguments.faults else names
    unknown = [name for name in wanted if not any(part.startswith(name) or name in part for part in names)]
    if unknown:
        parser.error(f"no such fault: {', '.join(unknown)}")
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # the stand-ins break connections on purpose
    chosen = [fault for fault in FAULTS if any(name in fault.name for name in wanted)]
    channels = arguments.channels.split(",")
    if arguments.quick:
        chosen, channels = [fault for fault in FAULTS if fault.is_short], ["web", "rest"]
    with tempfile.TemporaryDirectory(prefix="schakel-faults-") as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            if arguments.kills:
                from faults.kills import run_kills

                counted = run_kills(folder, arguments.port, arguments.kills, arguments.seed)
                print("\n".join(counted.lines()))
                return 0 if counted.is_well else 1
            rows = run(chosen, channels, folder, arguments.port)
        except NotRunning as error:
            print(error, file=sys.stderr)
            return 1
    print("\n".join(table(rows)))
    return 1 if any(row.problems for row in rows) else 0


if __name__ == "__main__":
    raise SystemExit(main())
