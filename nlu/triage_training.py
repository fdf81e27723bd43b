"""Training of triage into files. Free of Rasa."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence, Tuple

from nlu.persistence import save_state
from nlu.triage import FOLDER, load_triage, read_files
from nlu.triage_classifier import Reader, label_of, read_classes, to_arrays, train, word_frequencies
from nlu.triage_examples import TriageExample, sentences, thinned, with_typing_errors

NAME = "triage"


def learn(folder: Path, examples: Sequence[Tuple[str, str]]) -> None:
    """Checks the data files, fits the classifier and writes what `nlu.triage_component` loads into a folder.

    Args:
        folder: exists.
        examples: (sentence, label) pairs; a label is an intent or `faq/<id>`.

    Raises:
        PatternError: a pattern is written wrongly; the message names it.
    """
    texts = read_files()
    triage = load_triage(texts)
    ordinary = thinned([TriageExample(text, label_of(label), "") for text, label in examples])
    all_examples = with_typing_errors([*ordinary, *sentences()])
    read = [(triage.clauses(example.text), example.label) for example in all_examples]
    classes = read_classes(FOLDER)
    frequencies = word_frequencies(clauses for clauses, _ in read)
    opinion = train(Reader(classes, frequencies), read)
    state = {
        "labels": opinion.labels,
        "features": list(opinion.index),
        "classes": classes,
        "spelling": frequencies,
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    save_state(folder, state, to_arrays(opinion))
