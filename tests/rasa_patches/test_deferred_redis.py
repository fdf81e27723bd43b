"""Redis is imported late; what several processes share must work with the stand-in that Rasa's imports leave behind."""

from __future__ import annotations

import subprocess
import sys

SHARED = """
from rasa_patches import deferred
deferred.defer(["redis"])
import redis
from channels.shared import make_shared
print(type(make_shared({"session": 1}, "redis://127.0.0.1:1/0")).__name__)
"""


def test_a_redis_in_the_settings_works_when_redis_was_deferred() -> None:
    done = subprocess.run([sys.executable, "-c", SHARED], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "Together", done.stderr[-500:]
