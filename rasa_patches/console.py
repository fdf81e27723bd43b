"""Imported by `.venv`'s start-up (a .pth file that scripts/setup.sh writes): helps only the command `rasa`."""

from __future__ import annotations

import itertools
import os
import sys


def _is_rasa(command: "list[str]") -> bool:
    names = [os.path.basename(part) for part in command[1:4]]
    return "rasa" in names[:1] or any(a == "-m" and b == "rasa" for a, b in itertools.pairwise(command))


if _is_rasa(getattr(sys, "orig_argv", [])):
    from rasa_patches import install

    install()
