"""What a training does first: read the examples, and have both parts learn from them beside it (`nlu.ahead`)."""

from __future__ import annotations

import os


def begin() -> None:
    """Reads all examples, once for the parts and for Rasa; does nothing where no second core could learn."""
    if len(os.sched_getaffinity(0)) < 2:
        return
    from nlu import ahead, triage_training, understanding_training

    ahead.begin({part.NAME: part.learn for part in (triage_training, understanding_training)})
    from server.importer import read_ahead

    ahead.give(ahead.examples_of(read_ahead("config.yml", "domain.yml", ["data"])))
