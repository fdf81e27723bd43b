"""One id per message that all log lines carry, through the assistant and the action server."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-ID"
NONE = "-"
_current: "ContextVar[str]" = ContextVar("request_id", default=NONE)
_arrived: "ContextVar[str]" = ContextVar("arrived_request_id", default="")
_VALID = re.compile(r"[A-Za-z0-9-]{8,64}")


def current() -> str:
    """The id of the message that is being handled here, `NONE` outside one."""
    return _current.get()


def arrive(given: str) -> None:
    """Begins a request, with the id that a proxy gave it; the next turn in this task has it too."""
    _arrived.set(begin(given))


def begin_turn() -> str:
    """Begins the answer to a message and gives its id: that of the request that brought it, once, else a new one."""
    given = _arrived.get()
    _arrived.set("")
    return begin(given)


def begin(given: str = "") -> str:
    """Sets the id for what follows in this task and gives it.

    Args:
        given: an id that a proxy or the assistant passed on; what doesn't look like one is not taken over, for it ends
            up in logs.
    """
    value = given if _VALID.fullmatch(given) else secrets.token_hex(8)
    _current.set(value)
    return value
