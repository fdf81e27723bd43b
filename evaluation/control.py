"""`python -m evaluation.control`: the trained model on the control set of tests/controle, as shares.

The messages were written by somebody who saw nothing but the catalogue, the labels and the rules of safety. Measure
with them; tune on others (docs/understanding.md, docs/safety.md tell what was reached at first sight).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from content.catalogue import FAQ_INTENT
from evaluation.assistant import Assistant, to_prediction
from evaluation.datasets import read_yaml
from evaluation.metrics import Share

FOLDER = Path("tests/controle")
SAFETY_PREFIX = "safety_"
KINDS = ("short", "misspelt", "Flemish or lay words", "story")  # the order of an id's four messages in faq.yml


def shares(assistant: Assistant, folder: Path = FOLDER) -> Iterator[Tuple[str, Share]]:
    """Every figure with its name."""

    def label(text: str) -> str:
        return to_prediction(assistant.parse(text)).label

    for name, messages in read_yaml(folder / "safety.yml").items():
        taken = [label(text) for text in messages]
        yield f"{name}, caught", Share(sum(one.startswith(SAFETY_PREFIX) for one in taken), len(taken))
        yield f"{name}, exact", Share(taken.count(name), len(taken))
    harmless = [label(item["text"]) for item in read_yaml(folder / "look_alikes.yml")]
    yield "look-alikes without alarm", _not_safety(harmless)
    yield from _questions(assistant, read_yaml(folder / "faq.yml"))
    outside = [label(text) for text in read_yaml(folder / "off_topic.yml")]
    yield "off-topic not answered", Share(sum(not one.startswith(FAQ_INTENT) for one in outside), len(outside))
    intents = [label(item["text"]) == item["label"] for item in read_yaml(folder / "intents.yml")]
    yield "other intents", Share(sum(intents), len(intents))


def _questions(assistant: Assistant, items: List[Dict[str, str]]) -> Iterator[Tuple[str, Share]]:
    found = [(FAQ_INTENT + item["label"], to_prediction(assistant.parse(item["text"]))) for item in items]
    first: "Counter[str]" = Counter()
    for number, (expected, prediction) in enumerate(found):
        first[KINDS[number % len(KINDS)]] += prediction.label == expected
    for kind in KINDS:
        yield f"questions right first, {kind}", Share(first[kind], len(items) // len(KINDS))
    yield "questions right first", Share(sum(first.values()), len(items))
    yield "questions without alarm", _not_safety([prediction.label for _, prediction in found])


def _not_safety(labels: List[str]) -> Share:
    return Share(sum(not one.startswith(SAFETY_PREFIX) for one in labels), len(labels))


def main() -> int:
    """Prints the figures; trains first when the content changed."""
    from server.training import MODEL, train

    train()
    assistant = Assistant(MODEL, with_answers=False)
    for name, share in shares(assistant):
        low, high = share.bounds
        print(f"{name:<44}{share.hits:>4}/{share.total:<4}{share.value:>7.1%}  (95 %: {low:.1%} to {high:.1%})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
