"""The collector waits during a start and works again afterwards."""

from __future__ import annotations

import subprocess
import sys

STEPS = """
import gc, weakref
from rasa_patches import collector
class Node: pass
def cycle():
    node = Node(); node.self = node
    return weakref.ref(node)
collector.pause()
assert not gc.isenabled()
made_while_loading = cycle()
kept = [Node()]
collector.go_on()
assert gc.isenabled()
assert made_while_loading() is None, "garbage of the start must not stay for ever"
assert gc.get_freeze_count() > 0
assert gc.get_threshold() == collector.THRESHOLDS
later = cycle()
gc.collect()
assert later() is None
frozen = gc.get_freeze_count()
collector.go_on()
assert gc.get_freeze_count() == frozen, "a second call does nothing"
print("good")
"""


def test_nothing_is_collected_while_loading_and_all_that_comes_later_is() -> None:
    done = subprocess.run([sys.executable, "-c", STEPS], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.strip(), done.returncode) == ("good", 0), done.stderr
