"""`python -m server.ahead FOLDER`: learns understanding and triage side by side, for `nlu.ahead`."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from multiprocessing import get_context
from pathlib import Path
from typing import Any, List, Tuple

TRIAGE_LATER = 5  # nice value: understanding takes longer, so it goes first where cores are few


def read_examples() -> List[Tuple[str, str]]:
    """(sentence, label) of all examples, as the components get them from Rasa."""
    from rasa_patches import install

    install()
    from server.importer import ContentImporter

    importer = ContentImporter(config_file="config.yml", domain_path="domain.yml", training_data_paths=["data"])
    messages = importer.get_nlu_data().intent_examples
    return [(message.get("text"), message.get_full_intent()) for message in messages if message.get("text")]


def _triage(folder: Path, examples: List[Tuple[str, str]]) -> None:
    from nlu import ahead, triage_training

    os.nice(TRIAGE_LATER)
    ahead.write(folder, triage_training.NAME, examples, lambda part: triage_training.learn(part, examples))


def main() -> int:
    """Reads, then learns both; the folder exists."""
    logging.basicConfig(level=logging.WARNING)
    gc.disable()  # nothing here is garbage before the end
    folder = Path(sys.argv[1])
    examples = read_examples()
    from nlu import ahead, understanding_training

    triage: Any = get_context("fork").Process(target=_triage, args=(folder, examples))
    triage.start()
    signal.signal(signal.SIGTERM, lambda *_: (triage.kill(), sys.exit(1)))
    name = understanding_training.NAME
    ahead.write(folder, name, examples, lambda part: understanding_training.learn(part, examples))
    triage.join()
    return int(triage.exitcode or 0)


if __name__ == "__main__":
    sys.exit(main())
