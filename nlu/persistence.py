"""How a trained part is kept in a model: its state as JSON, the names of its features as lines of text, numbers as a
compressed archive. Free of Rasa."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

import numpy as np
from numpy.typing import NDArray

STATE = "state.json"
FEATURES = "features.txt"
ARRAYS = "weights.npz"


def code_fingerprint() -> str:
    """Changes with the code of this package, which Rasa's cache of trained parts knows nothing of."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(code).hexdigest()


def save_state(
    folder: Path, state: Mapping[str, Any], features: Sequence[str], arrays: Mapping[str, NDArray[Any]]
) -> None:
    """Writes the files into a folder that exists. No feature's name has a line break."""
    (folder / STATE).write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    (folder / FEATURES).write_text("".join(f"{name}\n" for name in features), encoding="utf-8")
    np.savez_compressed(folder / ARRAYS, **arrays)


def load_state(folder: Path) -> Tuple[Dict[str, Any], Dict[str, NDArray[Any]]]:
    """Reads all but the features. Raises `OSError` when a file is missing."""
    state: Dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    with np.load(folder / ARRAYS) as archive:
        return state, {name: archive[name] for name in archive.files}


def load_features(folder: Path) -> Iterator[str]:
    """The names of the features, one at a time: nobody keeps them. Raises `OSError` when the file is missing."""
    with (folder / FEATURES).open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            yield line[:-1]
