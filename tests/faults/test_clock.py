"""The clock that fault tests move: what a process sees of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from faults.clock import Clock, has_compiler
from tests.services import missing

SAYS_TIME = """
import datetime, sys, time
for line in sys.stdin:
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    print(round(time.time() - boot, 1), round(time.monotonic() - boot, 1), datetime.datetime.now().year, flush=True)
"""


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    if not has_compiler():
        missing("No C compiler here (Debian's package gcc)")
    return Clock(tmp_path)


def started(clock: Clock) -> "subprocess.Popen[Any]":
    return subprocess.Popen(
        [sys.executable, "-c", SAYS_TIME],
        env={**os.environ, **clock.variables},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_wall_clock_of_a_running_process_jumps_and_the_monotonic_one_does_not(clock: Clock) -> None:
    with started(clock) as process:
        assert process.stdin
        assert process.stdout

        def look() -> "tuple[float, float, int]":
            assert process.stdin
            assert process.stdout
            print("x", file=process.stdin, flush=True)
            wall, monotonic, year = process.stdout.readline().split()
            return float(wall), float(monotonic), int(year)

        before = look()
        clock.move(-400 * 86_400)
        back = look()
        clock.move(0)
        assert round(back[0] - before[0]) == -400 * 86_400
        assert back[1] == before[1]
        assert before[2] - back[2] in (1, 2)
        assert look()[2] == before[2]
        process.stdin.close()
