"""Training of understanding into files. Free of Rasa."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, Tuple

from nlu import linear
from nlu.dutch import load_dutch, load_table, remembering
from nlu.lexicon import Lexicon
from nlu.persistence import save_state
from nlu.understanding import to_state, train

NAME = "understanding"
LEMMAS = "lemmas"


def learn(folder: Path, examples: Sequence[Tuple[str, str]]) -> None:
    """Learns from (sentence, label) pairs and writes what `nlu.component` loads into a folder that exists."""
    dutch = load_dutch()
    understanding = train(examples, Lexicon.load(), remembering(dutch.lemmas))
    arrays = {**linear.to_arrays(understanding.ranker), LEMMAS: load_table().lemmas_only()}
    save_state(folder, {"dutch": dutch.name, **to_state(understanding)}, arrays)
