"""No deep copies for log lines that nobody writes.

Rasa copies events, states and entities deeply for its debug log and then throws them away unless debugging is on. In
the modules below `copy` serves nothing else (checked by tests/rasa_patches/test_originals.py).
"""

from __future__ import annotations

import copy
import importlib
import logging
from typing import Any

MODULES = (
    "rasa.core.processor",
    "rasa.core.policies.rule_policy",
    "rasa.core.actions.forms",
    "rasa.core.nlg.interpolator",
)


_rasa = logging.getLogger("rasa")


class _CopyForLog:
    """Stands for the module `copy`."""

    def deepcopy(self, value: Any, memo: Any = None) -> Any:
        """The value itself, copied only when debug messages are written."""
        return copy.deepcopy(value, memo) if _rasa.isEnabledFor(logging.DEBUG) else value

    def __getattr__(self, name: str) -> Any:
        return getattr(copy, name)


def apply() -> None:
    """Replaces `copy` in those modules."""
    for name in MODULES:
        importlib.import_module(name).__dict__["copy"] = _CopyForLog()
