"""One id per message that all log lines carry, through the assistant and the action server."""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

HEADER = "X-Request-ID"
NONE = "-"
_current: "ContextVar[str]" = ContextVar("request_id", default=NONE)
_VALID = re.compile(r"[A-Za-z0-9-]{8,64}")


def current() -> str:
    """The id of the message that is being handled here, `NONE` outside one."""
    return _current.get()


def begin(given: str = "") -> str:
    """Sets the id for what follows in this task and gives it.

    Args:
        given: an id that a proxy or the assistant passed on; what doesn't look like one is not taken over, for it ends
            up in logs.
    """
    value = given if _VALID.fullmatch(given) else secrets.token_hex(8)
    _current.set(value)
    return value
