"""Rasa's own validation of domain, data and rules."""

from __future__ import annotations

import subprocess
import sys

from server.pair import process_environment
from shop.settings import Environment


def test_rasas_own_validation_passes_without_warnings() -> None:
    command = [sys.executable, "-W", "ignore", "-m", "rasa", "data", "validate", "--fail-on-warnings"]
    environment = process_environment(Environment())
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    assert "No story structure conflicts found" in result.stdout + result.stderr
