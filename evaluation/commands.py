"""Runs another program to its end: a training, a parse, an installation."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Mapping, Optional, Sequence

QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Unavailable(Exception):
    """Something can't be measured here; the message says why."""


def run_to_end(
    command: Sequence[str],
    what: str,
    timeout: float,
    cwd: Optional[Path] = None,
    environment: Optional[Mapping[str, str]] = None,
    politely: bool = False,
) -> None:
    """Runs a command and waits for it.

    Args:
        command: and its arguments.
        what: is being done, for the message.
        timeout: seconds.
        cwd: folder to run in.
        environment: of the process; this one's when left out, with Rasa's telemetry off in either case.
        politely: at low priority.

    Raises:
        Unavailable: it failed or took longer; with the end of what it wrote.
    """
    try:
        done = subprocess.run(
            ["nice", "-n", "19", *command] if politely and shutil.which("nice") else command,
            cwd=cwd,
            env={**(os.environ if environment is None else environment), **QUIET},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what} took more than {timeout:.0f} seconds.") from None
    if done.returncode < 0:
        raise Unavailable(f"{what} was ended from outside (signal {-done.returncode}).")
    if done.returncode:
        end = " ".join(done.stdout.split()[-60:])
        raise Unavailable(f"{what} failed: {end or 'no message'}")
