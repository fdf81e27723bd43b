"""`python -m rasa_patches run|train|shell ...`: Rasa's command line, which imports only what it uses."""

from __future__ import annotations

import sys

from nlu import ahead
from rasa_patches import collector, install


def main() -> None:
    """Starts Rasa; what it will learn is begun at once in a process beside it."""
    if sys.argv[1:2] in (["run"], ["train"]):
        collector.pause()
    if sys.argv[1:2] == ["train"]:
        ahead.begin()
    install()
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
