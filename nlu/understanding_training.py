"""Training of understanding into files. Free of Rasa."""

from __future__ import annotations

from pathlib import Path

from nlu import linear
from nlu.ahead import Ask
from nlu.dutch import load_dutch, load_table, remembering
from nlu.lexicon import Lexicon
from nlu.persistence import save_state
from nlu.understanding import to_state, train

NAME = "understanding"
LEMMAS = "lemmas"


def learn(folder: Path, ask: Ask) -> None:
    """Learns from the examples that it asks for and writes what `nlu.component` loads into a folder that exists."""
    dutch, lexicon, lemmas = load_dutch(), Lexicon.load(), load_table().lemmas_only()
    understanding = train(ask(), lexicon, remembering(dutch.lemmas))
    arrays = {**linear.to_arrays(understanding.ranker), LEMMAS: lemmas}
    features = understanding.ranker.vocabulary.names
    save_state(folder, {"dutch": dutch.name, **to_state(understanding)}, features, arrays)
