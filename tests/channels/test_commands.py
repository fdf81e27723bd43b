"""The commands that set a channel up answer at once: they load neither Rasa nor a model."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("rasa", "tensorflow", "spacy", "sklearn")


@pytest.mark.parametrize("channel", ["telegram", "whatsapp", "twilio"])
def test_a_command_loads_nothing_heavy(channel: str) -> None:
    look = f"import channels.{channel}.__main__, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True, timeout=120)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
