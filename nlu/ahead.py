"""Training begun ahead: the parts that learn do so in processes beside Rasa's, which reads, checks and copies the data.

`begin` forks a process for each part, which does what needs no examples and then asks for those that `give` gives. It
leaves what it learnt in a folder, with the fingerprint of the examples that it learnt from. A component takes that
result when its own examples are the same ones, else it learns by itself. Free of Rasa.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import shutil
import tempfile
from functools import cache
from multiprocessing import Pipe, get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from rasa.shared.nlu.training_data.training_data import TrainingData

logger = logging.getLogger(__name__)
DONE = "done"  # file in a part's folder: the fingerprint of its examples; written last
PATIENCE = 300.0  # seconds, for a part that is being learnt and for its examples
Examples = Sequence[Tuple[str, str]]
Ask = Callable[[], Examples]
Learn = Callable[[Path, Ask], None]


class _Begun(NamedTuple):
    process: BaseProcess
    folder: Path
    pipe: "Connection[str, None]"


_begun: Dict[str, _Begun] = {}  # by part


def begin(parts: Mapping[str, Learn]) -> None:
    """Starts learning each part in a process of its own, which ends with this one.

    Args:
        parts: by name, what writes a part's files into a folder from the (sentence, label) pairs that it asks for.
    """
    folder = Path(tempfile.mkdtemp(prefix="schakel-train-"))
    atexit.register(_end, folder)
    for name, learn in parts.items():
        receiver, sender = Pipe(duplex=False)
        process = get_context("fork").Process(target=_learn, args=(folder, name, receiver, learn), daemon=True)
        process.start()
        _begun[name] = _Begun(process, folder, sender)


def give(examples: Examples) -> None:
    """Gives what was begun its examples."""
    for name, begun in _begun.items():
        file = begun.folder / f"{name}.json"  # a pipe would wait until all of it is read
        file.write_text(json.dumps(examples), encoding="ascii")
        begun.pipe.send(str(file))


def _learn(folder: Path, name: str, pipe: "Connection[None, str]", learn: Learn) -> None:
    @cache
    def ask() -> Examples:
        if not pipe.poll(PATIENCE):
            raise TimeoutError(f"{name} was given no examples.")
        pairs = json.loads(Path(pipe.recv()).read_text(encoding="ascii"))
        return [(text, label) for text, label in pairs]

    part = folder / name
    part.mkdir()
    learn(part, ask)
    ready = part / (DONE + ".new")
    ready.write_text(fingerprint(ask()), encoding="ascii")
    ready.rename(part / DONE)


def _end(folder: Path) -> None:
    while _begun:
        _, begun = _begun.popitem()
        begun.process.kill()
        begun.process.join()
    shutil.rmtree(folder, ignore_errors=True)


def examples_of(training_data: TrainingData) -> Examples:
    """(sentence, label) of the examples that have both; a label is an intent or `faq/<id>`."""
    examples = training_data.intent_examples
    return [(example.get("text"), example.get_full_intent()) for example in examples if example.get("text")]


def fingerprint(examples: Examples) -> str:
    """Hash of sentences and labels in their order."""
    return hashlib.sha256(json.dumps([list(pair) for pair in examples]).encode()).hexdigest()


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
    learn(target, lambda: examples)


def _wait(name: str) -> Optional[Path]:
    """The folder of a part that was learnt ahead, None when it was not begun or came to nothing."""
    if name not in _begun:
        return None
    process, folder, _ = _begun[name]
    process.join(PATIENCE)
    return folder / name if (folder / name / DONE).exists() else None
