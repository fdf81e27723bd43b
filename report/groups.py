"""Puts messages that ask about the same thing together, so that the owners see what to add first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Sequence, Tuple

from nlu.normalise import fold

CLOSE = 0.62  # cosine distance within which two messages are in one group; chosen by reading groups of made-up logs
MOST = 3_000  # different messages; grouping compares all pairs
SHOWN = 5


@dataclass(frozen=True)
class Group:
    """Messages that are alike: how many there were, and up to `SHOWN` of them, the most frequent first."""

    count: int
    examples: Tuple[str, ...]


def group(texts: Sequence[str]) -> List[Group]:
    """The groups, the largest first. Of more than `MOST` different messages the most frequent are taken."""
    counted = Counter(texts).most_common(MOST)
    if not counted:
        return []
    labels = _labels([text for text, _ in counted])
    members: Dict[int, List[Tuple[str, int]]] = {}
    for label, item in zip(labels, counted):
        members.setdefault(label, []).append(item)
    groups = [
        Group(sum(count for _, count in items), tuple(text for text, _ in items[:SHOWN])) for items in members.values()
    ]
    return sorted(groups, key=lambda found: (-found.count, found.examples))


def _labels(texts: Sequence[str]) -> List[int]:
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:
        return [0] * len(texts)
    plain = [" ".join(fold(text).split()) or "-" for text in texts]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True).fit_transform(plain)
    clusters = AgglomerativeClustering(n_clusters=None, distance_threshold=CLOSE, affinity="cosine", linkage="average")
    return [int(label) for label in clusters.fit_predict(vectors.toarray())]
