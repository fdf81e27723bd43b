"""A server of a test, in a process of its own that can be killed and started again."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence

import pytest

SECRET = "a secret that only these tests know, long enough"
_START = 240  # seconds: a busy machine with two cores loads Rasa slowly


def clean_environment(**settings: str) -> Dict[str, str]:
    """This process's environment without the product's settings, and those given."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("SCHAKEL_")}
    return {**others, "SCHAKEL_SECRET": SECRET, "SANIC_MOTD": "false", **settings}


class ServerProcess:
    """`python -m <arguments>`, which answers at an address as soon as it runs."""

    def __init__(self, arguments: Sequence[str], address: str, variables: Mapping[str, str], log: Path) -> None:
        self._command = [sys.executable, "-m", *arguments]
        self.address = address
        self.variables = dict(variables)
        self.log = log
        self._process: "Optional[subprocess.Popen[bytes]]" = None

    def begin(self) -> None:
        """Starts it without waiting."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=self.variables, stdout=log, stderr=log)

    def wait(self) -> None:
        """Until it answers; the test fails with the end of its log when it does not."""
        assert self._process
        deadline = time.monotonic() + _START
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(self.address, timeout=2):
                return
        self.stop()
        pytest.fail(f"{' '.join(self._command[2:])} did not start:\n{self.log.read_text()[-2000:]}")

    def start(self) -> None:
        """Starts it and waits until it answers."""
        self.begin()
        self.wait()

    def kill(self) -> None:
        """Ends it at once, as a crash would."""
        assert self._process
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it in order."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(25)
            except subprocess.TimeoutExpired:
                self.kill()
