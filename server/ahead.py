"""What a training does first: read the examples, and have both parts learn from them beside it (`nlu.ahead`)."""

from __future__ import annotations

import os


def begin() -> None:
    """Reads all examples, once for the parts and for Rasa; does nothing where no second core could learn.

    Raises:
        SystemExit: an example file is written wrongly; with what Rasa says about it.
    """
    if len(os.sched_getaffinity(0)) < 2:
        return
    from nlu import ahead, triage_training, understanding_training

    ahead.begin({part.NAME: part.learn for part in (triage_training, understanding_training)})
    from rasa.shared.exceptions import RasaException

    from server import importer

    try:
        data = importer.read_ahead("config.yml", "domain.yml", ["data"])
    except RasaException as error:
        raise SystemExit(str(error)) from None
    ahead.give(ahead.examples_of(data))
