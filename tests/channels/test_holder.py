"""Whether who holds a lock or a lease is known to be dead; in doubt the holder lives."""

from __future__ import annotations

import os
import subprocess
import sys

from channels.holder import is_dead, own_name


def test_this_process_lives_and_one_that_ended_is_dead() -> None:
    assert not is_dead(own_name())
    assert not is_dead(f"{own_name()}:anything")
    script = "from channels.holder import own_name; print(own_name())"
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout.strip()
    assert is_dead(ended)
    assert is_dead(f"{ended}:anything")


def test_a_new_process_with_an_old_number_is_another_one() -> None:
    machine, pid, _ = own_name().split(":")
    assert pid == str(os.getpid())
    assert is_dead(f"{machine}:{pid}:1")


def test_who_runs_elsewhere_or_is_not_known_counts_as_living() -> None:
    _, pid, started = own_name().split(":")
    for name in (f"another:{pid}:1", "", "x", "host:12:0123456789abcdef", f":{pid}:{started}"):
        assert not is_dead(name)
