"""Training begun ahead: the parts that learn do so in processes beside Rasa's, which checks and copies data meanwhile.

`begin` forks a process for each part; it leaves what it learnt in a folder, with the fingerprint of the examples that
it learnt from. A component takes that result when its own examples are the same ones, else it learns by itself. Free
of Rasa.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import shutil
import tempfile
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Mapping, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from rasa.shared.nlu.training_data.training_data import TrainingData

logger = logging.getLogger(__name__)
DONE = "done"  # file in a part's folder: the fingerprint of its examples; written last
PATIENCE = 300.0  # seconds for a part that is being learnt
Examples = Sequence[Tuple[str, str]]
Learn = Callable[[Path, Examples], None]

_begun: Dict[str, Tuple[BaseProcess, Path]] = {}  # by part: who learns it, and into which folder


def begin(examples: Examples, parts: Mapping[str, Learn]) -> None:
    """Starts learning each part from examples, in a process of its own that ends with this one.

    Args:
        examples: (sentence, label) pairs.
        parts: by name, what writes a part's files into a folder.
    """
    folder = Path(tempfile.mkdtemp(prefix="schakel-train-"))
    atexit.register(_end, folder)
    for name, learn in parts.items():
        process = get_context("fork").Process(target=write, args=(folder, name, examples, learn), daemon=True)
        process.start()
        _begun[name] = process, folder


def _end(folder: Path) -> None:
    while _begun:
        _, (process, _) = _begun.popitem()
        process.kill()
        process.join()
    shutil.rmtree(folder, ignore_errors=True)


def examples_of(training_data: TrainingData) -> Examples:
    """(sentence, label) of the examples that have both; a label is an intent or `faq/<id>`."""
    examples = training_data.intent_examples
    return [(example.get("text"), example.get_full_intent()) for example in examples if example.get("text")]


def fingerprint(examples: Examples) -> str:
    """Hash of sentences and labels in their order."""
    return hashlib.sha256(json.dumps([list(pair) for pair in examples]).encode()).hexdigest()


def write(folder: Path, name: str, examples: Examples, learn: Learn) -> None:
    """Has a part learnt into a folder of its own; `learn` writes its files there."""
    part = folder / name
    part.mkdir()
    learn(part, examples)
    ready = part / (DONE + ".new")
    ready.write_text(fingerprint(examples), encoding="ascii")
    ready.rename(part / DONE)


def learn_into(target: Path, name: str, examples: Examples, learn: Learn) -> None:
    """Puts a part's files into a folder: those that were learnt ahead when they fit, else by `learn`.

    Args:
        target: exists.
        name: of the part.
        examples: that it must have learnt from.
        learn: writes the part's files into a folder.
    """
    part = _wait(name)
    if part is not None and (part / DONE).read_text(encoding="ascii") == fingerprint(examples):
        for file in part.iterdir():
            if file.name != DONE:
                shutil.copy(file, target)
        return
    if name in _begun:
        logger.info("%s learns by itself: nothing that fits was learnt ahead.", name)
    learn(target, examples)


def _wait(name: str) -> Optional[Path]:
    """The folder of a part that was learnt ahead, None when it was not begun or came to nothing."""
    if name not in _begun:
        return None
    process, folder = _begun[name]
    process.join(PATIENCE)
    return folder / name if (folder / name / DONE).exists() else None
