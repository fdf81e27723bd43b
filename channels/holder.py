"""Who holds what processes share, and whether that process still lives: what a killed one held is then free at once."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

_PROC = Path("/proc")  # Linux; elsewhere nobody is known to be dead, and leases run out by themselves


def own_name() -> str:
    """This process among all of all machines: "machine:pid:start", without a space and shorter than 50 characters."""
    pid = os.getpid()
    return f"{_machine()}:{pid}:{_started(pid)}"


def is_dead(name: str) -> bool:
    """Whether a process of that name (`own_name`, with anything behind a further colon) ran on this machine and ended.

    Of a process of another machine or container that can't be seen here: False.
    """
    machine, _, rest = name.partition(":")
    pid, _, rest = rest.partition(":")
    started = rest.partition(":")[0]
    if not machine or machine != _machine() or not (pid.isdigit() and started):
        return False
    return _started(int(pid)) != started


@cache
def _machine() -> str:
    """One start of one machine, and of a container on it; "" when it can't be told."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text()
        pids = os.readlink(_PROC / "self/ns/pid")
    except OSError:
        return ""
    return hashlib.sha256((boot + pids).encode()).hexdigest()[:16]


def _started(pid: int) -> str:
    """When a living process started, in clock ticks; "" for one that ended. Source: proc(5), /proc/pid/stat."""
    try:
        fields = (_PROC / str(pid) / "stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()
