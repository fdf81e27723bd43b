"""What a training does first: read the examples, and have both parts learn from them beside it (`nlu.ahead`)."""

from __future__ import annotations

import os


def begin() -> None:
    """Reads all examples, once for the parts and for Rasa; does nothing where no second core could learn."""
    if len(os.sched_getaffinity(0)) < 2:
        return
    from nlu import ahead, triage_training, understanding_training
    from rasa_patches.deferred import load
    from server.importer import read_ahead

    examples = ahead.examples_of(read_ahead("config.yml", "domain.yml", ["data"]))
    load("sklearn.svm")  # once, before the processes part
    parts = {part.NAME: part.learn for part in (understanding_training, triage_training)}
    ahead.begin(examples, parts)
