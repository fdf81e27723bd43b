"""Training begun ahead: the two parts that learn do so in a process beside Rasa's, which reads, checks and copies data.

`begin` starts `python -m server.ahead`; it learns from the same data files and leaves each part's result in a folder
with the fingerprint of the examples that it learnt from. A component takes that result when its own examples are the
same ones, else it learns by itself. Free of Rasa.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Tuple

logger = logging.getLogger(__name__)
COMMAND = "server.ahead"
DONE = "done"  # file in a part's folder: the fingerprint of its examples; written last
PATIENCE = 300.0  # seconds for a part that is being learnt
_POLL = 0.02
Examples = Sequence[Tuple[str, str]]


@dataclass(frozen=True)
class _Begun:
    process: "subprocess.Popen[bytes]"
    folder: Path


_begun: List[_Begun] = []


def begin() -> None:
    """Starts learning, when there is a second core for it; ends with this process."""
    if len(os.sched_getaffinity(0)) < 2:
        return
    folder = Path(tempfile.mkdtemp(prefix="schakel-train-"))
    process = subprocess.Popen([sys.executable, "-m", COMMAND, str(folder)], start_new_session=True)
    _begun.append(_Begun(process, folder))
    atexit.register(_end)


def _end() -> None:
    while _begun:
        begun = _begun.pop()
        begun.process.terminate()
        begun.process.wait()
        shutil.rmtree(begun.folder, ignore_errors=True)


def fingerprint(examples: Examples) -> str:
    """Hash of sentences and labels in their order."""
    return hashlib.sha256(json.dumps([list(pair) for pair in examples]).encode()).hexdigest()


def write(folder: Path, name: str, examples: Examples, learn: Callable[[Path], None]) -> None:
    """Has a part learnt into a folder of its own; `learn` writes its files there."""
    part = folder / name
    part.mkdir()
    learn(part)
    ready = part / (DONE + ".new")
    ready.write_text(fingerprint(examples), encoding="ascii")
    ready.rename(part / DONE)


def learn_into(target: Path, name: str, examples: Examples, learn: Callable[[Path], None]) -> None:
    """Puts a part's files into a folder: those that were learnt ahead when they fit, else by `learn(target)`.

    Args:
        target: exists.
        name: of the part.
        examples: that it must have learnt from.
        learn: writes the files.
    """
    part = _wait(name) if _begun else None
    if part is not None and (part / DONE).read_text(encoding="ascii") == fingerprint(examples):
        for file in part.iterdir():
            if file.name != DONE:
                shutil.copy(file, target)
        return
    if _begun:
        logger.info("%s learns by itself: nothing that fits was learnt ahead.", name)
    learn(target)


def _wait(name: str) -> Optional[Path]:
    begun = _begun[-1]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        ended = begun.process.poll() is not None
        if (begun.folder / name / DONE).exists():
            return begun.folder / name
        if ended:
            return None
        time.sleep(_POLL)
    return None
