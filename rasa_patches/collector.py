"""Python's garbage collector waits while modules and model are loaded: nothing that they make is ever garbage.

It would look through all of them dozens of times, a fifth of the time that a start takes. What is there when it goes on
it never looks at again, so that no message waits for that either.
"""

from __future__ import annotations

import gc


def pause() -> None:
    """From here on nothing is collected."""
    gc.disable()


def go_on() -> None:
    """Collects again, and leaves alone what is there now. Does nothing when it was not paused."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
