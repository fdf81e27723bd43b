"""Python's garbage collector waits while modules and model are loaded: next to nothing that they make is garbage.

It would look through all of them dozens of times, a fifth of the time that a start takes. Afterwards it looks once and
then leaves what is there alone, so that no message waits for that either. What messages leave is mostly conversations
that are kept, and no garbage: it is looked at once in some 400 messages, not in eight.
"""

from __future__ import annotations

import ctypes
import gc

THRESHOLDS = (20_000, 20, 100)  # new objects before a look at them, and looks before one at older ones


def pause() -> None:
    """From here on nothing is collected."""
    gc.disable()


def go_on() -> None:
    """Collects once, gives free memory back, and goes on for what comes from now on. Nothing when it was not paused."""
    if gc.isenabled():
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is not None:
        trim(0)
