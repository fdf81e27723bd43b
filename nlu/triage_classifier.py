"""Triage's own classifier: the levels against ordinary messages and look-alikes, a second opinion to the patterns.

One linear vector per level over the features of `Triage.features`. The classifier of all intents cannot take this part:
it has never seen the look-alikes of data/veiligheid/gewoon.yml, and its labels compete with a hundred questions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, Mapping, Sequence

import numpy as np
from ruamel.yaml import YAML

from nlu import linear
from nlu.triage import LOOK_ALIKES, ORDER, ORDINARY, PREFIX

STRENGTH = 0.4


def label_of(intent: str) -> str:
    """The classifier's label of an intent: a level's name, or ordinary."""
    name = intent[len(PREFIX) :] if intent.startswith(PREFIX) else ""
    return name if name in ORDER else ORDINARY


def read_look_alikes(folder: Path) -> List[str]:
    """Messages that sound like a matter of safety and are none. Raises `OSError` when the file is missing."""
    document = YAML(typ="safe").load((folder / LOOK_ALIKES).read_text(encoding="utf-8"))
    return [str(text) for text in document["gewone_berichten"]]


def train(documents: Sequence[Mapping[str, float]], labels: Sequence[str]) -> linear.LinearRanker:
    """Fits one vector per label, classes weighing what they weigh in the examples.

    Args:
        documents: feature counts per example.
        labels: see `label_of`, equally many.
    """
    from scipy.sparse import csr_matrix
    from sklearn.svm import LinearSVC

    vocabulary = linear.Vocabulary.learn(documents)
    rows = [vocabulary.vector(document) for document in documents]
    pointers = np.cumsum([0] + [len(positions) for positions, _ in rows])
    values = np.concatenate([np.asarray(v, dtype=np.float32) for _, v in rows])
    columns = np.concatenate([np.asarray(p, dtype=np.int32) for p, _ in rows])
    matrix = csr_matrix((values, columns, pointers), shape=(len(rows), len(vocabulary.index)))
    model = LinearSVC(C=STRENGTH, random_state=0)
    model.fit(matrix, list(labels))
    weights = np.ascontiguousarray(model.coef_.T, dtype=np.float32)
    return linear.LinearRanker(list(model.classes_), vocabulary, weights, model.intercept_.astype(np.float32), 1.0)


def margins(ranker: linear.LinearRanker, counts: Mapping[str, float]) -> Dict[str, float]:
    """How far each level's score stands above that of an ordinary message, as {level: margin}."""
    positions, values = ranker.vocabulary.vector(counts)
    scores = ranker.bias.copy()
    if positions:
        scores += np.asarray(values, dtype=np.float32) @ ranker.weights[positions]
    ordinary = float(scores[ranker.labels.index(ORDINARY)])
    return {label: float(score) - ordinary for label, score in zip(ranker.labels, scores) if label != ORDINARY}
