"""How a trained part is kept in a model: names as JSON, numbers as a compressed archive. Free of Rasa."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

import numpy as np
from numpy.typing import NDArray

STATE = "state.json"
ARRAYS = "weights.npz"


def save_state(folder: Path, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes both files into a folder that exists."""
    (folder / STATE).write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    np.savez_compressed(folder / ARRAYS, **arrays)


def load_state(folder: Path) -> Tuple[Dict[str, Any], Dict[str, NDArray[Any]]]:
    """Reads both files. Raises `OSError` when one is missing."""
    state: Dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    with np.load(folder / ARRAYS) as archive:
        return state, {name: archive[name] for name in archive.files}
