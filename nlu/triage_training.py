"""Training of triage into files. Free of Rasa."""

from __future__ import annotations

from pathlib import Path
from typing import List, Sequence, Tuple

from nlu.ahead import Ask
from nlu.persistence import save_state
from nlu.triage import FOLDER, Clause, Triage, load_triage, read_files
from nlu.triage_classifier import MINIMUM, Reader, label_of, read_classes, to_arrays, train, word_frequencies
from nlu.triage_examples import TriageExample, sentences, thinned, with_typing_errors

NAME = "triage"
Read = Tuple[List[Clause], str]


def learn(folder: Path, ask: Ask) -> None:
    """Checks the data files, fits the classifier and writes what `nlu.triage_component` loads into a folder.

    Args:
        folder: exists.
        ask: gives (sentence, label) pairs; a label is an intent or `faq/<id>`.

    Raises:
        PatternError: a pattern is written wrongly; the message names it.
    """
    texts = read_files()
    triage = load_triage(texts)
    own = _read(triage, list(sentences()))  # before it asks: meanwhile the examples are read
    given = _read(triage, thinned([TriageExample(text, label_of(label), "") for text, label in ask()]))
    read = [*given[0], *own[0], *given[1], *own[1]]
    classes = read_classes(FOLDER)
    frequencies = word_frequencies(clauses for clauses, _ in read)
    opinion = train(Reader(classes, frequencies), read)  # it knows every word: what is misspelt is learnt as it stands
    state = {
        "labels": opinion.labels,
        "classes": classes,
        "spelling": {word: number for word, number in frequencies.items() if number >= MINIMUM},
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    save_state(folder, state, opinion.features, to_arrays(opinion))


def _read(triage: Triage, examples: Sequence[TriageExample]) -> Tuple[List[Read], List[Read]]:
    """Clauses and label of each example, and of those that come with a typing error as well."""
    read = [(triage.clauses(example.text), example.label) for example in with_typing_errors(examples)]
    return read[: len(examples)], read[len(examples) :]
