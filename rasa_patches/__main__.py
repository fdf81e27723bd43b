"""`python -m rasa_patches run|train|shell ...`: Rasa's command line, which imports only what it uses."""

from __future__ import annotations

import sys

from rasa_patches import collector, install
from server import ahead


def main() -> None:
    """Starts Rasa; what it will learn is begun first, in processes beside it."""
    if sys.argv[1:2] in (["run"], ["train"]):
        collector.pause()
    install()
    if sys.argv[1:2] == ["train"] and not {"-h", "--help"} & set(sys.argv):
        ahead.begin()
    from rasa.__main__ import main as rasa

    rasa()


if __name__ == "__main__":
    main()
